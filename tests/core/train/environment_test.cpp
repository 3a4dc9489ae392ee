#include "core/train/environment.h"
#include "core/assembly/model.h"
#include "core/model/precision.h"
#include "core/run/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>

#include <nlohmann/json.hpp>

#include "tests/core/train/demo_training.h"

namespace omniq::train {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class EnvironmentTest : public DemoTraining {
 protected:
  /// environment.json of a run that would train `trainable`.
  static nlohmann::json environment(const std::string& run, const std::string& trainable,
                                    c10::Device device, model::Precision precision) {
    config::Experiment e = experiment(run);
    e.train.trainable = trainable;
    e.train.recompute = true;
    const auto folder = run::RunFolder::create(e).value();
    const assembly::BuiltModel built = assembly::build_model(e, 8).value();
    built.model->to(device);
    const Status written = write_environment(folder, e, device, precision, built, {});
    EXPECT_TRUE(written) << written.error().text();
    return nlohmann::json::parse(testing_support::read_text(folder.file("environment.json")));
  }
};

TEST_F(EnvironmentTest, SaysHowTheEncoderIsComputed) {
  const auto all = environment("all", "all", at::kCPU, model::Precision::float32);
  EXPECT_EQ(all["precision"], "float32");
  EXPECT_EQ(all["encoder"], "torch operators");
  EXPECT_EQ(all["encoder_training"], "torch operators");
}

TEST_F(EnvironmentTest, IsReadAsItIsWritten) {
  const auto written = environment("read", "all", at::kCPU, model::Precision::float32);
  const auto read = run::read_environment(*folder_ / "runs" / "read");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->host, run::host_name());
  EXPECT_EQ(read->device_name, written["device_name"]);
}

TEST_F(EnvironmentTest, NamesNoTrainingOfAFrozenEncoder) {
  const auto frozen = environment("frozen", "lora", at::kCPU, model::Precision::float32);
  EXPECT_EQ(frozen["encoder"], "torch operators");
  EXPECT_FALSE(frozen.contains("encoder_training"));
}

TEST_F(EnvironmentTest, NamesTheKernelsOfMixedPrecisionOnAGpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const auto mixed = environment("mixed", "all", at::kCUDA, model::Precision::float16);
  EXPECT_EQ(mixed["precision"], "float16");
  EXPECT_THAT(mixed["encoder"], StartsWith("kernels"));
  EXPECT_THAT(mixed["encoder_training"], StartsWith("kernels"));
  EXPECT_THAT(mixed["encoder_training"], HasSubstr("computed again"));
  const auto exact = environment("exact", "all", at::kCUDA, model::Precision::float32);
  EXPECT_EQ(exact["encoder_training"], "torch operators");
}

}  // namespace
}  // namespace omniq::train
