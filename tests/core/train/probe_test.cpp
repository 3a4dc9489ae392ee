#include "core/train/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "core/train/estimate.h"
#include "core/train/trainer.h"
#include "tests/core/train/demo_training.h"

namespace omniq::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using ProbeTest = DemoTraining;

TEST_F(ProbeTest, MeasuresStepsOfTheRunThatWouldStart) {
  const config::Experiment e = experiment("never");
  std::int64_t calls = 0, last = 0, expected = 0;
  const auto measured =
      probe(e, {.steps = 3, .seconds = 1000}, [&](std::int64_t done, std::int64_t total) {
        ++calls;
        last = done;
        expected = total;
      });
  ASSERT_TRUE(measured) << measured.error().text();
  EXPECT_EQ(measured->step.runs, 3);
  EXPECT_GT(measured->step.median, 0);
  EXPECT_EQ(calls, (3 + 1) * e.train.accum_steps);
  EXPECT_EQ(last, expected);
  EXPECT_EQ(measured->classes, 8);
  EXPECT_EQ(measured->clips, 32);
  EXPECT_EQ(measured->precision, "float32");
  const MemoryEstimate estimate = estimate_memory(e, 8, /*gpu=*/false);
  EXPECT_EQ(measured->parameters.total, estimate.parameters);
  EXPECT_EQ(measured->parameters.trainable, estimate.trainable);
  EXPECT_FALSE(std::filesystem::exists(e.run.dir)) << "a probe leaves nothing behind";

  Observer silent;
  config::Experiment run = experiment("probed");
  const auto folder = run::RunFolder::create(run);
  ASSERT_TRUE(train(run, *folder, silent));
  EXPECT_EQ(folder->status()->steps, measured->steps);
}

TEST_F(ProbeTest, EndsOnRequest) {
  std::stop_source stop;
  const auto measured = probe(
      experiment("never"), {},
      [&](std::int64_t done, std::int64_t) {
        if (done == 3) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::stopped);
}

TEST_F(ProbeTest, SaysWhatToLowerWhenMemoryRunsOut) {
  config::Experiment e = experiment("never");
  e.train.batch_size = 4096;
  e.frames = 32;
  e.size = 4096;  // the frames alone are 6 TiB
  const auto measured = probe(e);
  ASSERT_FALSE(measured);
  EXPECT_THAT(measured.error().message, AllOf(HasSubstr("4096"), HasSubstr("memory")));
  EXPECT_THAT(measured.error().hint,
              AllOf(HasSubstr("train.batch_size"), HasSubstr("train.trainable=lora")));
}

TEST_F(ProbeTest, AnswersLikeTrainingToAMissingDataset) {
  config::Experiment e = experiment("never");
  e.data.trainlist = "nowhere.txt";
  const auto measured = probe(e);
  ASSERT_FALSE(measured);
  EXPECT_THAT(measured.error().text(), HasSubstr("nowhere.txt"));
}

// The estimate leaves out scratch memory, and the process's growth counts whole pages and pools of
// threads: for steps of some hundred MiB they agree within a factor of two.
TEST_F(ProbeTest, TheEstimateIsWithinAFactorOfTwo) {
  struct Shape {
    const char *fusion, *trainable;
    std::int64_t size, frames, batch;
  };
  for (const Shape& shape : {Shape{"average", "all", 64, 8, 16},
                             {"transformer", "all", 64, 16, 8},
                             {"mamba", "all", 96, 8, 8},
                             {"gated_conv", "lora", 160, 8, 16}}) {
    config::Experiment e = experiment("never");
    e.fusion.name = shape.fusion;
    e.train.trainable = shape.trainable;
    e.size = shape.size;
    e.frames = shape.frames;
    e.train.batch_size = shape.batch;
    e.train.accum_steps = 1;
    const auto measured = probe(e, {.steps = 1});
    ASSERT_TRUE(measured) << measured.error().text();
    ASSERT_TRUE(measured->resident_growth);
    const double estimate = estimate_memory(e, 8, /*gpu=*/false).total();
    const double ratio = estimate / static_cast<double>(*measured->resident_growth);
    RecordProperty(shape.fusion, fixed(ratio, 2));
    EXPECT_GT(estimate, 0x1p27);
    EXPECT_GT(ratio, 0.5) << shape.fusion << ' ' << *measured->resident_growth;
    EXPECT_LT(ratio, 2.0) << shape.fusion << ' ' << *measured->resident_growth;
  }
}

}  // namespace
}  // namespace omniq::train
