#include "core/infer/frame_window.h"
#include "core/model/precision.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <numeric>

#include "core/model/probabilities.h"
#include "tests/core/model/small_model.h"

namespace omniq::infer {
namespace {

constexpr std::int64_t kSize = 32;

std::vector<double> encoded_anew(model::OmniQ& model, const at::Tensor& frames,
                                 const std::vector<std::int64_t>& numbers) {
  const torch::InferenceMode inference;
  const at::Tensor clip = frames.index_select(0, torch::tensor(numbers));
  const at::Tensor p = model::class_probabilities(model, clip.unsqueeze(0).unsqueeze(0), {})
                           .value()[0]
                           .to(torch::kDouble);
  return {p.const_data_ptr<double>(), p.const_data_ptr<double>() + p.size(0)};
}

class Fusions : public testing::TestWithParam<std::string> {};

TEST_P(Fusions, AnswersEqualThoseOfEncodingTheWholeWindowAnew) {
  const auto model = model::small_model(GetParam());
  model->eval();
  torch::manual_seed(11);
  const at::Tensor frames = torch::randint(0, 256, {20, kSize, kSize, 3}, torch::kByte);
  FrameWindow window(model, torch::kCPU, model::Precision::float32, 10);
  for (std::int64_t first = 0, n = 1; first < 20; first += n, n = n % 3 + 1) {
    n = std::min<std::int64_t>(n, 20 - first);
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(n));
    std::iota(numbers.begin(), numbers.end(), first);
    window.push(numbers, frames.narrow(0, first, n));
    const std::int64_t newest = first + n - 1, oldest = std::max<std::int64_t>(0, newest - 9);
    const std::vector<std::int64_t> picks = {oldest, (oldest + newest) / 2, newest, oldest, newest};
    const auto ring = window.classify(picks).value(), anew = encoded_anew(*model, frames, picks);
    ASSERT_EQ(ring.size(), anew.size());
    for (std::size_t c = 0; c < ring.size(); ++c) EXPECT_NEAR(ring[c], anew[c], 1e-5);
  }
  // The answers do depend on the order of the frames, or on which ones they are.
  EXPECT_NE(*window.classify(std::vector<std::int64_t>{12, 13}),
            *window.classify(std::vector<std::int64_t>{18, 19}));
}

INSTANTIATE_TEST_SUITE_P(All, Fusions,
                         testing::Values("mamba", "mamba2", "transformer", "gated_conv", "average"),
                         [](const auto& info) { return info.param; });

TEST(FrameWindow, AFrameThatWasDroppedIsNotAnswered) {
  FrameWindow window(model::small_model("average"), torch::kCPU, model::Precision::float32, 3);
  const at::Tensor frame = torch::zeros({1, kSize, kSize, 3}, torch::kByte);
  for (const std::int64_t number : {2, 5, 6, 9}) window.push({&number, 1}, frame);
  EXPECT_NO_THROW(window.classify(std::vector<std::int64_t>{5, 6, 9}));
  EXPECT_THROW(window.classify(std::vector<std::int64_t>{2, 6}), std::out_of_range);
  EXPECT_THROW(window.classify(std::vector<std::int64_t>{7}), std::out_of_range);
}

}  // namespace
}  // namespace omniq::infer
