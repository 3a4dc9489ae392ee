#include "core/assembly/estimate.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/assembly/model.h"
#include "core/config/settings.h"

namespace omniq::assembly {
namespace {

constexpr std::int64_t kClasses = 7;
constexpr double kGiB = 0x1p30;

class EstimatedParameters : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Fusions, EstimatedParameters, testing::ValuesIn(model::fusion_names()));

TEST_P(EstimatedParameters, AreThoseOfTheModel) {
  for (const std::string trainable : {"all", "fusion", "lora"}) {
    for (const std::int64_t width : {0, 128}) {  // the encoder's, and one with a projection
      for (const std::string head : {"full", "lora"}) {
        if (head == "lora" && (trainable != "lora" || GetParam() == "average")) continue;
        config::Experiment e;
        e.vision_backbone = "swin_nano";
        e.fusion.name = GetParam();
        e.fusion.d_model = width;
        e.fusion.d_state = 16;
        e.fusion.tie_directions = width == 0;
        e.fusion.depth = 3;
        e.train.trainable = trainable;
        e.lora.head = head;
        const auto built = assembly::build_model(e, kClasses);
        ASSERT_TRUE(built) << built.error().text();
        const ParameterCount count = built->model->count_parameters();
        const MemoryEstimate estimate = estimate_memory(e, kClasses, /*gpu=*/false);
        EXPECT_EQ(estimate.parameters, count.total) << trainable << width << head;
        EXPECT_EQ(estimate.trainable, count.trainable) << trainable << width << head;
      }
    }
  }
}

TEST(EstimatedMemory, CountsEveryEncoder) {
  for (const auto& [name, parameters] :
       {std::pair<const char*, std::int64_t>{"swin_nano", 136'172}, {"swin_tiny", 27'519'354}}) {
    config::Experiment e;
    e.vision_backbone = name;
    e.fusion.name = "average";
    const std::int64_t width = config::fusion_options(e).width;
    EXPECT_EQ(estimate_memory(e, kClasses, false).parameters, parameters + (width + 1) * kClasses);
  }
}

// Peaks that the allocator reported on an H200 in bfloat16: Swin-T on eight clips of 32 frames at
// 224 × 224, of `omniq-bench model --only step`.
TEST(EstimatedMemory, IsNearWhatAnH200Took) {
  config::Experiment e;
  e.train.batch_size = 8;
  const auto expect_near = [&](const char* what, double measured, double tolerance) {
    const double estimate = estimate_memory(e, 101, /*gpu=*/true).total() / kGiB;
    EXPECT_NEAR(estimate / measured, 1, tolerance) << what << ' ' << estimate << " GiB";
  };
  e.train.trainable = "all";
  expect_near("mamba", 8.23, 0.1);
  e.fusion.name = "average";
  expect_near("average", 7.96, 0.1);
  e.train.recompute = true;
  expect_near("average, recomputed", 3.62, 0.1);
  e.fusion.name = "mamba";
  e.train.trainable = "lora";
  expect_near("mamba, encoder frozen", 1.05, 0.15);
}

// By torch operators in float32 all is kept.
TEST(EstimatedMemory, FallsWithRecomputeInMixedPrecisionOnAGpuAlone) {
  config::Experiment e;
  e.train.trainable = "all";
  for (const bool gpu : {false, true}) {
    for (const bool amp : {false, true}) {
      e.train.amp = amp;
      e.train.recompute = false;
      const double all = estimate_memory(e, 101, gpu).total();
      e.train.recompute = true;
      const double less = estimate_memory(e, 101, gpu).total();
      if (gpu && amp) {
        EXPECT_LT(less, 0.6 * all);
      } else {
        EXPECT_EQ(less, all) << gpu << amp;
      }
    }
  }
}

TEST(EstimatedMemory, FollowsTheSettingsThatShapeAStep) {
  config::Experiment e;
  const auto total = [&](bool gpu) { return estimate_memory(e, 101, gpu).total(); };
  const double before = total(true);
  e.train.accum_steps *= 2;
  EXPECT_EQ(total(true), before);
  e.train.batch_size *= 2;
  EXPECT_GT(total(true), 1.7 * before) << "all but the weights";
  EXPECT_GT(total(false), total(true)) << "the CPU computes in float32";
}

TEST(StepsPerEpoch, RoundUpBatchesAndSteps) {
  config::Experiment e;
  e.train.batch_size = 8;
  e.train.accum_steps = 4;
  EXPECT_EQ(steps_per_epoch(e, 1), 1);
  EXPECT_EQ(steps_per_epoch(e, 32), 1);
  EXPECT_EQ(steps_per_epoch(e, 33), 2);
  EXPECT_EQ(steps_per_epoch(e, 320), 10);
}

}  // namespace
}  // namespace omniq::assembly
