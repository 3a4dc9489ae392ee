// The variant of sixth_variant.cpp, which no other file names, in all that a user meets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "core/config/load.h"
#include "core/eval/run_evaluation.h"
#include "core/train/trainer.h"
#include "tests/core/train/demo_training.h"

namespace omniq {
namespace {

using testing::HasSubstr;
using testing_support::read_text;

TEST(SixthVariant, IsAChoiceWithTheSettingsThatItNames) {
  EXPECT_THAT(config::find_setting("fusion.name")->choices, testing::Contains("decay"));
  const auto parsed = config::parse("fusion: {name: decay}\ndata: {root: x}\n", "run.yaml", {});
  ASSERT_TRUE(config::resolve(parsed));
  const auto applies = [&](const char* key) {
    return config::find_setting(key)->applies(parsed.experiment);
  };
  for (const char* key : {"fusion.depth", "fusion.d_model", "fusion.dropout", "fusion.max_frames"})
    EXPECT_TRUE(applies(key)) << key;
  for (const char* key : {"fusion.n_heads", "fusion.d_state", "fusion.tie_directions"})
    EXPECT_FALSE(applies(key)) << key;
}

TEST(SixthVariant, StandsInTheHelpAndHasItsOptionsChecked) {
  const std::string help = config::to_yaml({}, /*help=*/true);
  EXPECT_THAT(help, HasSubstr("(one of average, transformer, mamba, mamba2, gated_conv, decay)"));
  EXPECT_THAT(help, HasSubstr("Used by: all fusions but average.\n  depth: "));
  EXPECT_THAT(help, HasSubstr("Used by: mamba, mamba2.\n  d_state: "));
  const auto deep =
      config::load_incomplete(std::vector<std::string>{"fusion.name=decay", "fusion.depth=60"});
  ASSERT_FALSE(deep);
  EXPECT_THAT(deep.error().message, HasSubstr("That is deep."));
}

TEST(SixthVariant, IsMeasuredByTheBenchmarks) {
  const auto rows = bench::bench_fusion({.device = at::kCPU, .runs = 1, .only = "decay "});
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "decay forward");
  EXPECT_EQ(rows[0].shape, "B 8 L 33 D 768 depth 2");
  EXPECT_LE(rows[0].error.value(), 1e-5);
  EXPECT_EQ(rows[1].name, "decay forward+backward");
  const auto whole =
      bench::bench_model({.device = at::kCPU, .runs = 1, .only = "decay logits after"});
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_GT(whole[0].ms.median, 0);
}

// Where a millisecond does two operations, a limit is the number of multiplications with additions.
TEST(FusionLimit, IsOfTheVariantsOwnWork) {
  const bench::Ceilings slow{
      .bytes = INFINITY, .matrix_operations = 2, .vector_operations = 1, .exponentials = 1};
  constexpr double d = 768, E = 2 * d, N = 128, L = 33, ffn = 8 * d * d;
  const auto products = [&](const std::string& name, bench::Pass pass) {
    return bench::fusion_limit(*model::find_fusion(name), 4, 33, {}, slow, at::kFloat, 0, pass);
  };
  const double tokens = 2 * 4 * L;  // of two blocks
  for (const auto& [name, of_token] : {std::pair<const char*, double>{"average", 0},
                                       {"transformer", ffn + 4 * d * d + 2 * L * d},
                                       {"mamba2", ffn + d * (3 * E + 2 * N + 24) + 4 * E * N},
                                       {"gated_conv", ffn + 6 * d * d},
                                       {"decay", ffn + d * d + L * d}}) {
    EXPECT_DOUBLE_EQ(products(name, bench::Pass::kForward), tokens * of_token) << name;
    EXPECT_DOUBLE_EQ(products(name, bench::Pass::kBackward), 3 * tokens * of_token) << name;
  }
  const double mamba = ffn + 3 * d * E + 2 * E * (2 * 48 + 2 * N), scans = 2 * E;
  EXPECT_DOUBLE_EQ(products("mamba", bench::Pass::kForward), tokens * (mamba + scans * 4 * N));
  EXPECT_DOUBLE_EQ(products("mamba", bench::Pass::kBackward),
                   tokens * (3 * mamba + scans * 17 * N));
  EXPECT_DOUBLE_EQ(products("mamba", bench::Pass::kBackwardFrozenRates),
                   tokens * (3 * mamba + scans * 16 * N));
}

using SixthVariantRun = train::DemoTraining;

TEST_F(SixthVariantRun, TrainsAndIsEvaluated) {
  for (const char* trainable : {"all", "lora"}) {
    config::Experiment e = experiment(trainable);
    e.fusion.name = "decay";
    e.train.trainable = trainable;
    const auto folder = run::RunFolder::create(e);
    ASSERT_TRUE(folder) << folder.error().text();
    train::Observer silent;
    const auto outcome = train::train(e, *folder, silent);
    ASSERT_TRUE(outcome) << outcome.error().text();
    EXPECT_EQ(outcome->epochs, 2);
    const auto summary = eval::evaluate_run(*folder, {});
    ASSERT_TRUE(summary) << summary.error().text();
    EXPECT_EQ(summary->record.summary.clips, 16);
    EXPECT_THAT(read_text(folder->results_table(e)), HasSubstr("omniq_decay,swin_nano,1,"));
  }
  const auto folder = run::RunFolder::open(experiment("lora").run.dir);
  ASSERT_TRUE(folder) << folder.error().text();
  EXPECT_THAT(read_text(folder->file("adapter/adapter_config.json")),
              HasSubstr("fusion.block0.mixer.out_proj"));
}

}  // namespace
}  // namespace omniq
