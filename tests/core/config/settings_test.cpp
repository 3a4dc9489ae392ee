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

// Depth and what is beside it in a block make a variant's size; heads and dropout do not.
TEST(Settings, OfAFusionAreThoseThatItsSizeDependsOn) {
  for (const model::FusionKind& kind : model::fusion_kinds()) {
    for (const std::string& key : kind.settings) EXPECT_TRUE(find_setting(key)) << key;
    for (const auto& [key, value] : {std::pair("fusion.depth", "5"),
                                     {"fusion.d_state", "64"},
                                     {"fusion.expand", "4"},
                                     {"fusion.tie_directions", "false"}}) {
      Experiment e;
      e.fusion.name = kind.name;
      const model::FusionSize before = kind.size(fusion_options(e));
      ASSERT_TRUE(find_setting(key)->set(e, value));
      EXPECT_EQ(kind.size(fusion_options(e)) != before, applies(key, e)) << kind.name << key;
    }
  }
}

TEST(Settings, NameTheFusionsThatTheyAreForOrTheFewOthers) {
  for (const auto& [key, words] : {std::pair("fusion.depth", "all fusions but average"),
                                   {"fusion.dropout", "all fusions but average"},
                                   {"fusion.max_frames", "all fusions but average"},
                                   {"fusion.d_state", "mamba, mamba2"},
                                   {"fusion.expand", "mamba, mamba2"},
                                   {"fusion.n_heads", "transformer"},
                                   {"fusion.tie_directions", "mamba"},
                                   {"fusion.name", ""}})
    EXPECT_EQ(find_setting(key)->applies_to, words) << key;
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

TEST(Settings, ARunsNameIsAFoldersName) {
  const Setting& name = *find_setting("run.name");
  EXPECT_EQ(name.allowed(), "at most 100 bytes of UTF-8 without / and control characters");
  Experiment e;
  for (const std::string& bad :
       {std::string("exp/one"), std::string("../../x"), std::string(".."), std::string("."),
        std::string("a\nb"), std::string("\x1b[31m"), std::string("Caf\xe9"), std::string(" a"),
        std::string(101, 'a')}) {
    const Status set = name.set(e, bad);
    ASSERT_FALSE(set) << bad;
    EXPECT_NE(set.error().message.find("is not a name for a folder"), std::string::npos);
    EXPECT_NE(set.error().hint.find(name.allowed()), std::string::npos);
  }
  for (const std::string& good : {std::string(), std::string("first try, lr=1e-3"),
                                  std::string("Caf\xc3\xa9"), std::string(100, 'a')})
    EXPECT_TRUE(name.set(e, good)) << good;
}

}  // namespace
}  // namespace omniq::config
