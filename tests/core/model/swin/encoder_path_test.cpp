#include "core/model/swin/encoder_path.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>

#include "core/model/swin/kernel_path.h"
#include "tests/core/model/small_model.h"

namespace omniq::model {
namespace {

TEST(EncoderPath, IsOfKernelsInHalfPrecisionOnAGpuAlone) {
  for (const bool trains : {false, true}) {
    for (const bool recompute : {false, true}) {
      EXPECT_EQ(choose_encoder_path({false, trains, recompute}), EncoderPath::operators);
    }
  }
  EXPECT_EQ(choose_encoder_path({true, false, false}), EncoderPath::inference);
  EXPECT_EQ(choose_encoder_path({true, false, true}), EncoderPath::inference);
  EXPECT_EQ(choose_encoder_path({true, true, false}), EncoderPath::training);
  EXPECT_EQ(choose_encoder_path({true, true, true}), EncoderPath::recomputed);
}

TEST(EncoderPath, InWordsSaysWhatIsComputedAgainAndWhatHasNoKernel) {
  const std::string kernels = "kernels, residual stream in half precision";
  for (const std::string& name : swin_names()) {
    const SwinOptions options = swin_options(name).value();
    EXPECT_EQ(swin::describe(EncoderPath::operators, options), "torch operators");
    EXPECT_EQ(swin::describe(EncoderPath::inference, options), "kernels, GELU to 1e-3") << name;
    EXPECT_EQ(swin::describe(EncoderPath::training, options), kernels) << name;
    EXPECT_EQ(swin::describe(EncoderPath::recomputed, options),
              kernels + ", attention and MLP computed again in the backward pass");
  }
  SwinOptions options = swin_options("swin_nano").value();
  options.window = 5;
  const std::string without = "; attention in windows of 5 with heads of 16 by torch operators";
  EXPECT_EQ(swin::describe(EncoderPath::training, options), kernels + without);
  EXPECT_EQ(swin::describe(EncoderPath::inference, options), "kernels, GELU to 1e-3" + without);
}

// Wherever it is asked and whatever the thread's modes are.
TEST(EncoderPath, OfAModelDependsOnWhatTrainsAndNotOnTheThread) {
  auto model = small_model("average");
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(at::kCPU, Precision::bfloat16);
  for (const bool training : {false, true}) {
    const Execution execution = model->execution(Precision::bfloat16, training);
    EXPECT_EQ(execution.precision, Precision::bfloat16);
    EXPECT_EQ(execution.encoder, EncoderPath::operators) << "on the CPU";
  }
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  model->to(at::kCUDA);
  EXPECT_EQ(model->execution(Precision::float32, true).encoder, EncoderPath::operators);
  EXPECT_EQ(model->execution(Precision::float16, true).encoder, EncoderPath::training);
  EXPECT_EQ(model->execution(Precision::float16, false).encoder, EncoderPath::inference);
  model->set_trainable(Trainable::fusion, {}, false);
  EXPECT_EQ(model->execution(Precision::float16, true).encoder, EncoderPath::inference);
}

// The kernels of training have their own operators on the CPU.
TEST(EncoderPath, IsTheOneThatTheModelIsToldToTake) {
  auto model = small_model("average");
  model->set_trainable(Trainable::all, {}, false);
  model->eval();
  const torch::Tensor frames = torch::randn({1, 2, 3, 32, 32});
  const torch::Tensor expected =
      SwinTraining(*model->backbone().as<SwinImpl>()).features(frames[0], {}, at::kBFloat16);
  for (const auto path : {EncoderPath::training, EncoderPath::recomputed}) {
    const torch::Tensor features = model->encode(frames, {Precision::bfloat16, path})[0];
    EXPECT_TRUE(torch::equal(features, expected));
    EXPECT_TRUE(features.requires_grad());
  }
  EXPECT_FALSE(torch::equal(model->encode(frames)[0], expected)) << "in float32";
  EXPECT_THROW(model->encode(frames, {Precision::bfloat16, EncoderPath::inference}), c10::Error)
      << "it would train on nothing";
}

}  // namespace
}  // namespace omniq::model
