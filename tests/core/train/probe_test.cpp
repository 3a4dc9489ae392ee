#include "core/train/probe.h"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "core/base/text.h"
#include "core/assembly/estimate.h"
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
  const assembly::MemoryEstimate estimate = assembly::estimate_memory(e, 8, /*gpu=*/false);
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

// What tensors on the CPU hold at most, while `work` runs in this thread.
std::int64_t peak_of_tensors(const std::function<void()>& work) {
  struct Peak : c10::MemoryReportingInfoBase {
    std::int64_t now = 0, most = 0;
    void reportMemoryUsage(void*, std::int64_t bytes, std::size_t, std::size_t,
                           c10::Device) override {
      now += bytes;  // negative where they are freed
      most = std::max(most, now);
    }
    bool memoryProfilingEnabled() const override { return true; }
  };
  const auto peak = std::make_shared<Peak>();
  const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, peak);
  work();
  return peak->most;
}

// The process grows by what tensors hold and by freed blocks that it keeps.
TEST_F(ProbeTest, TensorsHoldWhatTheEstimateSays) {
  struct Shape {
    const char *fusion, *trainable;
    std::int64_t size, frames, batch;
    double stochastic_depth = 0;
  };
  for (const Shape& shape : {Shape{"average", "all", 64, 8, 16},
                             {"average", "fusion", 64, 8, 16},
                             {"transformer", "all", 64, 16, 8, 0.2},
                             {"mamba", "all", 96, 8, 8},
                             {"mamba", "all", 72, 8, 8},  // maps that windows do not divide
                             {"mamba", "lora", 72, 8, 8},
                             {"gated_conv", "lora", 160, 8, 16}}) {
    config::Experiment e = experiment("never");
    e.fusion.name = shape.fusion;
    e.train.trainable = shape.trainable;
    e.backbone.stochastic_depth = shape.stochastic_depth;
    e.size = shape.size;
    e.frames = shape.frames;
    e.train.batch_size = shape.batch;
    e.train.accum_steps = 1;
    Result<run::Probe> measured;
    const auto tensors =
        static_cast<double>(peak_of_tensors([&] { measured = probe(e, {.steps = 1}); }));
    ASSERT_TRUE(measured) << measured.error().text();
    ASSERT_TRUE(measured->resident_growth);
    const double estimate = assembly::estimate_memory(e, 8, /*gpu=*/false).total();
    const std::string name = cat(shape.fusion, "_", shape.trainable, "_", shape.size);
    RecordProperty(name, fixed(estimate / tensors, 2));
    EXPECT_NEAR(estimate / tensors, 1, 0.03) << name << ' ' << tensors;
    EXPECT_GT(static_cast<double>(*measured->resident_growth), 0.9 * tensors) << name;
  }
}

}  // namespace
}  // namespace omniq::train
