// The encoder's inference against its float32 path, which is held to torchvision's numbers.
#include "core/model/swin/inference.h"
#include "core/model/precision.h"

#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/model/preprocess.h"
#include "core/train/step.h"
#include "tests/core/model/golden/swin.h"
#include "tests/core/model/small_model.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::model {
namespace {

using testing::relative_error;

constexpr std::pair<at::ScalarType, double> kTypes[] = {{at::kBFloat16, 1e-2}, {at::kHalf, 2e-3}};

at::Tensor in_float32(Swin& net, const at::Tensor& frames) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : frames.split(32)) parts.push_back(net->forward(part));
  return torch::cat(parts);
}

class SwinInferenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    torch::manual_seed(1);
  }

  static Swin on_gpu(const std::string& name) {
    Swin net = make_golden_swin(name);
    net->to(at::kCUDA);
    net->eval();
    return net;
  }
};

TEST_F(SwinInferenceTest, AgreesWithFloat32AtEverySize) {
  const std::vector<std::pair<std::int64_t, std::int64_t>> large = {
      {224, 224}, {256, 256}, {192, 192}, {112, 112}, {200, 168}, {121, 57}};
  const std::vector<std::pair<std::int64_t, std::int64_t>> small = {
      {32, 32}, {36, 28}, {16, 64}, {34, 47}, {4, 4}};
  for (const std::string& name : swin_names()) {
    Swin net = on_gpu(name);
    SwinInference inference(*net);
    for (const auto& [height, width] : name == "swin_nano" ? small : large) {
      const at::Tensor frames = golden_frames(3, height, width).cuda();
      const at::Tensor expected = in_float32(net, frames);
      for (const auto& [type, limit] : kTypes) {
        for (int i = 0; i < 3; ++i) {  // eager, captured, replayed
          const at::Tensor features = inference.features(frames, type);
          EXPECT_EQ(features.scalar_type(), at::kFloat);
          EXPECT_LE(relative_error(features, expected), limit)
              << name << " " << height << " × " << width << " " << type << " " << i;
        }
      }
    }
  }
}

TEST_F(SwinInferenceTest, TakesBytes) {
  for (const std::string name : {"swin_nano", "swin_tiny"}) {
    Swin net = on_gpu(name);
    SwinInference inference(*net);
    for (const auto& [height, width] : {std::pair{224, 224}, std::pair{61, 83}}) {
      const at::Tensor rgb = torch::randint(0, 256, {2, height, width, 3}, torch::kByte).cuda();
      const at::Tensor expected = in_float32(net, normalize_frames(rgb));
      for (const auto& [type, limit] : kTypes) {
        EXPECT_LE(relative_error(inference.features(rgb, type), expected), limit)
            << name << " " << height << " × " << width << " " << type;
      }
    }
  }
}

TEST_F(SwinInferenceTest, AFrameHasTheSameFeaturesInEveryBatch) {
  Swin net = on_gpu("swin_tiny");
  SwinInference inference(*net);
  const at::Tensor frames = torch::randn({257, 3, 224, 224}, at::device(at::kCUDA));
  const at::Tensor expected = in_float32(net, frames);
  for (const auto& [type, limit] : kTypes) {
    for (const std::int64_t n : {1, 3, 7, 33, 255, 257}) {
      const at::Tensor features = inference.features(frames.slice(0, 257 - n), type);
      EXPECT_LE(relative_error(features, expected.slice(0, 257 - n)), limit) << type << " " << n;
      const at::Tensor alone = inference.features(frames.slice(0, 256), type);
      EXPECT_LE(relative_error(alone[0], features[n - 1]), limit / 2) << type << " " << n;
    }
  }
  EXPECT_EQ(inference.features(frames.slice(0, 0, 0), at::kHalf).sizes(),
            (std::vector<std::int64_t>{0, 768}));
}

TEST_F(SwinInferenceTest, FollowsParametersAndLeavesThemAlone) {
  Swin net = on_gpu("swin_nano");
  SwinInference inference(*net);
  const at::Tensor frames = golden_frames(2, 32, 32).cuda();
  at::Tensor before;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) {
      const at::Tensor features = inference.features(frames, at::kHalf);
      EXPECT_LE(relative_error(features, in_float32(net, frames)), 2e-3) << round << " " << i;
      if (round == 1) {
        EXPECT_GT(relative_error(features, before), 0.01);
      }
      if (round == 0) before = features;
    }
    EXPECT_EQ(inference.graphs(), 1U);
    const torch::NoGradGuard no_grad;
    for (auto& p : net->parameters()) p.add_(0.05 * torch::randn_like(p));
  }
  for (const auto& p : net->parameters()) EXPECT_EQ(p.scalar_type(), at::kFloat);
}

TEST_F(SwinInferenceTest, TwoEncodersAndTwoStreamsDoNotDisturbEachOther) {
  Swin nano = on_gpu("swin_nano"), tiny = on_gpu("swin_tiny");
  SwinInference of_nano(*nano), of_tiny(*tiny);
  const at::Tensor a = golden_frames(5, 64, 64).cuda(), b = a.flip(0).contiguous();
  const at::Tensor nano_a = in_float32(nano, a), nano_b = in_float32(nano, b);
  const at::Tensor tiny_a = in_float32(tiny, a);
  torch::cuda::synchronize();
  const c10::cuda::CUDAStream streams[] = {c10::cuda::getStreamFromPool(),
                                           c10::cuda::getStreamFromPool()};
  std::vector<std::pair<at::Tensor, at::Tensor>> results;
  for (int i = 0; i < 20; ++i) {
    const c10::cuda::CUDAStreamGuard guard(streams[i % 2]);
    results.emplace_back(of_nano.features(i % 3 == 0 ? a : b, at::kHalf),
                         i % 3 == 0 ? nano_a : nano_b);
    results.emplace_back(of_tiny.features(a, at::kHalf), tiny_a);
  }
  torch::cuda::synchronize();
  for (const auto& [features, expected] : results) {
    EXPECT_LE(relative_error(features, expected), 2e-3);
  }
}

TEST_F(SwinInferenceTest, SaysWhatDoesNotFitAndGoesOn) {
  Swin net = on_gpu("swin_nano");
  SwinInference inference(*net);
  const at::Tensor frames = torch::randn({512, 3, 224, 224}, at::device(at::kCUDA));
  const at::Tensor expected = in_float32(net, frames.slice(0, 0, 2));
  namespace allocator = c10::cuda::CUDACachingAllocator;
  allocator::emptyCache();
  const auto stats = allocator::getDeviceStats(0);
  const auto total = static_cast<double>(at::cuda::getDeviceProperties(0)->totalGlobalMem);
  allocator::setMemoryFraction(
      static_cast<double>(stats.reserved_bytes[0].current + (std::int64_t{64} << 20)) / total, 0);
  std::string message;
  try {
    inference.features(frames, at::kBFloat16);
  } catch (const c10::OutOfMemoryError& error) {
    message = error.what();
  }
  const at::Tensor few = inference.features(frames.slice(0, 0, 2), at::kBFloat16);
  allocator::setMemoryFraction(1, 0);
  EXPECT_NE(message.find("512 frames of 224 × 224"), std::string::npos) << message;
  EXPECT_LE(relative_error(few, expected), 1e-2);
  EXPECT_EQ(inference.features(frames, at::kBFloat16).size(0), 512);
}

TEST_F(SwinInferenceTest, TheModelUsesItInMixedPrecision) {
  auto model = small_model("mamba");
  model->to(torch::kCUDA);
  model->eval();
  const at::Tensor rgb = torch::randint(0, 256, {2, 4, 32, 32, 3}, torch::kByte).cuda();
  const torch::NoGradGuard no_grad;
  const at::Tensor expected = model->encode(rgb);
  EXPECT_TRUE(torch::equal(expected, model->encode(normalize_frames(rgb))));
  const Execution half = model->execution(Precision::float16, /*training=*/false);
  EXPECT_EQ(half.encoder, EncoderPath::inference);
  EXPECT_LE(relative_error(model->encode(rgb, half), expected), 2e-3);
  EXPECT_LE(relative_error(model->encode(normalize_frames(rgb), half), expected), 2e-3);
}

// What a training step does with an encoder of which nothing trains.
TEST_F(SwinInferenceTest, AFrozenEncoderTakesItInTrainingAndKeepsNothing) {
  auto model = small_model("mamba");
  model->to(torch::kCUDA);
  model->set_trainable(Trainable::lora, {}, false);
  model->train();
  const at::Tensor rgb = torch::randint(0, 256, {2, 4, 32, 32, 3}, torch::kByte).cuda();
  const at::Tensor features =
      model->encode(rgb, model->execution(Precision::float16, /*training=*/true));
  EXPECT_FALSE(features.requires_grad());
  SwinInference inference(*model->backbone().as<SwinImpl>());
  EXPECT_TRUE(
      torch::equal(features.flatten(0, 1), inference.features(rgb.flatten(0, 1), at::kHalf)));
}

TEST_F(SwinInferenceTest, SaysWhatIsWrongWithItsArguments) {
  Swin net = on_gpu("swin_nano");
  SwinInference inference(*net);
  const at::Tensor frames = torch::zeros({1, 3, 32, 32}, at::device(at::kCUDA));
  EXPECT_THROW(inference.features(frames.cpu(), at::kHalf), c10::Error);
  EXPECT_THROW(inference.features(frames[0], at::kHalf), c10::Error);
  EXPECT_THROW(inference.features(frames, at::kFloat), c10::Error);
  EXPECT_THROW(inference.features(frames.slice(2, 0, 3), at::kHalf), c10::Error);
}

}  // namespace
}  // namespace omniq::model
