#include "core/config/settings.h"

#include <gtest/gtest.h>

namespace omniq::config {
namespace {

bool applies(const char* key, const Experiment& e) { return find_setting(key)->applies(e); }

TEST(Settings, SayWhetherTheyChangeAnything) {
  Experiment e;
  e.fusion.name = "average";
  e.train.trainable = "fusion";
  for (const char* key : {"fusion.depth", "fusion.n_heads", "fusion.d_state", "lora.r",
                          "optim.lr_backbone", "backbone.stochastic_depth", "mask.video_ratio"})
    EXPECT_FALSE(applies(key, e)) << key;
  for (const char* key : {"fusion.name", "train.epochs", "stride", "optim.lr_head"})
    EXPECT_TRUE(applies(key, e)) << key;
  e.fusion.name = "mamba2";
  EXPECT_TRUE(applies("fusion.depth", e) && applies("fusion.d_state", e));
  EXPECT_FALSE(applies("fusion.tie_directions", e));
  e.train.trainable = "all";
  EXPECT_TRUE(applies("optim.lr_backbone", e));
  e.data.sampling = "segments";
  EXPECT_FALSE(applies("stride", e));
}

TEST(Settings, SayInWordsWhoTheyAreForWhereTheyAreNotForAll) {
  for (const Setting& setting : settings()) {
    ASSERT_TRUE(setting.applies) << setting.key;
    if (setting.applies_to.empty()) EXPECT_TRUE(setting.applies({})) << setting.key;
  }
}

TEST(Settings, StepsOfTheSameShapeHaveTheSameKey) {
  Experiment a;
  Experiment b = a;
  b.train.epochs = 99;
  b.optim.lr_head = 1;
  b.data.root = "elsewhere";
  b.run.name = "another";
  EXPECT_EQ(step_key(a), step_key(b));
  b.lora.r = 16;
  EXPECT_NE(step_key(a), step_key(b));
  a.train.trainable = b.train.trainable = "all";
  EXPECT_EQ(step_key(a), step_key(b)) << "a rank without adapters shapes nothing";
  b.frames = 8;
  EXPECT_NE(step_key(a), step_key(b));
}

}  // namespace
}  // namespace omniq::config
