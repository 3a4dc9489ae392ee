#include "core/model/preprocess.h"

#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace omniq::model {
namespace {

at::Tensor reference(const at::Tensor& rgb) {
  const at::Tensor mean = torch::tensor({0.485, 0.456, 0.406}, torch::kDouble);
  const at::Tensor std = torch::tensor({0.229, 0.224, 0.225}, torch::kDouble);
  return ((rgb.to(torch::kDouble) / 255 - mean) / std).movedim(-1, -3);
}

class PreprocessOn : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Devices, PreprocessOn, testing::Values("cpu", "cuda"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(PreprocessOn, NormalizesEveryValueOfEveryChannel) {
  const at::Device device(GetParam());
  if (device.is_cuda() && !torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  torch::manual_seed(0);
  const at::Tensor ramp = torch::arange(256, torch::kByte).view({16, 16, 1}).repeat({1, 1, 3});
  const at::Tensor clips = torch::randint(0, 256, {2, 4, 5, 7, 3}, torch::kByte);
  for (const at::Tensor& rgb : {ramp, clips, clips.transpose(2, 3), clips.slice(0, 0, 0)}) {
    const at::Tensor out = normalize_frames(rgb.to(device));
    const at::Tensor expected = reference(rgb);
    EXPECT_EQ(out.scalar_type(), torch::kFloat);
    EXPECT_EQ(out.sizes(), expected.sizes());
    EXPECT_TRUE(out.is_contiguous());
    EXPECT_TRUE(torch::allclose(out.cpu().to(torch::kDouble), expected, 0, 1e-6));
  }
}

TEST(Preprocess, RefusesOtherInput) {
  EXPECT_THROW(normalize_frames(torch::zeros({4, 4, 3})), c10::Error);
  EXPECT_THROW(normalize_frames(torch::zeros({3, 4, 4}, torch::kByte)), c10::Error);
  EXPECT_THROW(normalize_frames(torch::zeros({4, 3}, torch::kByte)), c10::Error);
}

}  // namespace
}  // namespace omniq::model
