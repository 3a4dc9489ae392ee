// Swin against torchvision's numbers (golden/make_swin_golden.py) and against itself.
#include "core/model/swin/swin.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>

#include "core/base/text.h"
#include "core/model/swin/layout.h"
#include "core/model/weights/safetensors.h"
#include "kernels/window_attention/window_attention.h"
#include "tests/core/model/golden/paths.h"
#include "tests/core/model/golden/swin.h"

namespace omniq::model {
namespace {

std::int64_t checksum(const at::Tensor& tensor) {
  return tensor.contiguous().view(torch::kInt).sum(torch::kLong).item<std::int64_t>();
}

std::int64_t parameter_count(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

class SwinOn : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    device_ = at::Device(GetParam());
    if (device_.is_cuda() && !torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  }
  at::Device device_{at::kCPU};
};
INSTANTIATE_TEST_SUITE_P(Devices, SwinOn, ::testing::Values("cpu", "cuda"),
                         [](const auto& info) { return std::string(info.param); });

void expect_golden(const std::string& name, const std::vector<std::pair<int, int>>& sizes,
                   at::Device device) {
  // TF32 is off by default in matrix products; convolutions are not used.
  const auto file = load_safetensors(golden("swin_golden.safetensors"));
  ASSERT_TRUE(file) << file.error().text();
  Swin net = make_golden_swin(name);
  std::int64_t total = 0;
  for (const at::Tensor& parameter : net->parameters()) total += checksum(parameter.detach());
  ASSERT_EQ(total, file->find(name + ".weights_checksum").item<std::int64_t>());
  net->to(device);
  net->eval();
  const torch::NoGradGuard no_grad;
  for (const auto& [height, width] : sizes) {
    const std::string key = cat(name, ".", height, "x", width);
    const at::Tensor frames = golden_frames(2, height, width);
    ASSERT_EQ(checksum(frames), file->find(key + ".frames_checksum").item<std::int64_t>()) << key;
    const at::Tensor expected = file->find(key + ".features");
    const at::Tensor features = net->forward(frames.to(device)).cpu();
    ASSERT_EQ(features.sizes(), expected.sizes()) << key;
    EXPECT_LT((features - expected).abs().max().item<double>(), 1e-4) << key;
    // The golden features are worth comparing: neither constant nor the same for both frames.
    EXPECT_GT((expected[0] - expected[1]).abs().max().item<double>(), 1e-2) << key;
  }
}

TEST_P(SwinOn, TinyEqualsTorchvision) {
  expect_golden("swin_tiny", {{224, 224}, {200, 168}}, device_);
}

TEST_P(SwinOn, NanoEqualsTorchvision) {
  expect_golden("swin_nano", {{32, 32}, {36, 28}, {16, 64}, {34, 47}}, device_);
}

TEST(Swin, ParameterCounts) {
  const std::map<std::string, std::int64_t> counts = {{"swin_nano", 136'172},
                                                      {"swin_tiny", 27'519'354},
                                                      {"swin_small", 48'837'258},
                                                      {"swin_base", 86'743'224}};
  for (const std::string& name : swin_names()) {
    const Swin net(swin_options(name).value());
    EXPECT_EQ(parameter_count(*net), counts.at(name)) << name;
    EXPECT_TRUE(net->named_buffers().is_empty());
  }
}

TEST(Swin, UnknownNameIsAnError) {
  const auto options = swin_options("swin_tinny");
  ASSERT_FALSE(options);
  EXPECT_NE(options.error().text().find("swin_tiny"), std::string::npos);
}

TEST(Swin, ContradictingOptionsThrow) {
  SwinOptions options = swin_options("swin_nano").value();
  options.heads = {2, 5};
  EXPECT_THROW(Swin{options}, c10::Error);
  options.heads = {2};
  EXPECT_THROW(Swin{options}, c10::Error);
  const Swin net(swin_options("swin_nano").value());
  EXPECT_THROW(net.ptr()->forward(torch::zeros({1, 4, 32, 32})), c10::Error);
  EXPECT_THROW(net.ptr()->forward(torch::zeros({1, 3, 3, 32})), c10::Error);
}

TEST(Swin, InitialisationIsTorchvisions) {
  Swin net(swin_options("swin_nano").value());
  initialise(*net, /*seed=*/1);
  auto parameters = net->named_parameters();
  EXPECT_NEAR(parameters["features.3.0.mlp.0.weight"].std().item<double>(), 0.02, 1e-3);
  EXPECT_NEAR(parameters["features.1.0.attn.relative_position_bias_table"].std().item<double>(),
              0.02, 5e-3);
  EXPECT_EQ(parameters["features.3.0.mlp.0.bias"].abs().max().item<double>(), 0);
  initialise(*net, /*seed=*/1, 0.1);
  EXPECT_NEAR(parameters["features.3.0.mlp.0.weight"].std().item<double>(), 0.1, 5e-3);
}

TEST_P(SwinOn, EveryParameterGetsAGradient) {
  Swin net = make_golden_swin("swin_nano");
  net->to(device_);
  net->train();
  net->set_stochastic_depth(0);  // it may drop a branch, and its gradients, for all frames
  for (const auto& [height, width] : {std::pair{32, 32}, std::pair{36, 28}}) {
    net->zero_grad();
    net->forward(golden_frames(3, height, width).to(device_)).square().sum().backward();
    for (const auto& item : net->named_parameters()) {
      ASSERT_TRUE(item.value().grad().defined()) << item.key();
      const double size = item.value().grad().abs().max().item<double>();
      EXPECT_TRUE(std::isfinite(size) && size > 0)
          << item.key() << " at " << height << "x" << width;
    }
  }
}

// Directional derivatives in float64 against differences, through padding, shifts and merging.
TEST(Swin, GradientsMatchDifferences) {
  Swin net = make_golden_swin("swin_nano");
  net->to(torch::kDouble);
  net->eval();
  for (const auto& [height, width] : {std::pair{32, 32}, std::pair{36, 28}}) {
    at::Tensor frames = golden_frames(2, height, width).to(torch::kDouble).requires_grad_();
    const at::Tensor weights = uniform("readout", {2, net->output_width()});
    const auto loss = [&] { return (net->forward(frames) * weights).sum(); };
    net->zero_grad();
    loss().backward();
    std::vector<std::pair<std::string, at::Tensor>> leaves = {{"frames", frames}};
    for (const auto& item : net->named_parameters()) leaves.emplace_back(item.key(), item.value());
    for (const auto& [name, leaf] : leaves) {
      const at::Tensor direction = uniform("direction " + name, leaf.sizes());
      const double analytic = (leaf.grad() * direction).sum().item<double>();
      const torch::NoGradGuard no_grad;
      const double step = 1e-5;
      leaf.add_(direction, step);
      const double up = loss().item<double>();
      leaf.add_(direction, -2 * step);
      const double down = loss().item<double>();
      leaf.add_(direction, step);
      EXPECT_NEAR(analytic, (up - down) / (2 * step), 1e-5 * (1 + std::abs(analytic))) << name;
    }
  }
}

TEST_P(SwinOn, AttentionEqualsItsFormula) {
  const std::int64_t n = 3, windows = 4, heads = 2, length = 9, width = 5;
  for (const std::int64_t biases : {std::int64_t{1}, windows}) {
    const auto options = torch::dtype(torch::kDouble).device(device_);
    at::Tensor qkv =
        uniform("qkv", {n * windows, length, 3 * heads * width}).to(options).requires_grad_();
    at::Tensor bias = uniform("bias", {biases, heads, length, length}).to(options).requires_grad_();
    const at::Tensor direction =
        uniform("direction", {n * windows, length, heads * width}).to(options);
    const at::Tensor out = kernels::attention_of_windows(qkv, bias, heads);
    const auto gradients = torch::autograd::grad({(out * direction).sum()}, {qkv, bias});

    const auto parts =
        qkv.view({n, windows, length, 3, heads, width}).permute({3, 0, 1, 4, 2, 5}).unbind(0);
    const at::Tensor weights =
        (parts[0].matmul(parts[1].transpose(-2, -1)) / std::sqrt(5.0) + bias).softmax(-1);
    const at::Tensor expected = weights.matmul(parts[2]).transpose(2, 3).reshape(out.sizes());
    const auto expected_gradients =
        torch::autograd::grad({(expected * direction).sum()}, {qkv, bias});
    EXPECT_TRUE(torch::allclose(out, expected, 1e-10, 1e-12));
    EXPECT_TRUE(torch::allclose(gradients[0], expected_gradients[0], 1e-9, 1e-11));
    EXPECT_TRUE(torch::allclose(gradients[1], expected_gradients[1], 1e-9, 1e-11));
  }
}

TEST_P(SwinOn, RepeatsItselfInEval) {
  Swin net = make_golden_swin("swin_nano");
  net->to(device_);
  net->eval();
  const torch::NoGradGuard no_grad;
  const at::Tensor frames = golden_frames(4, 32, 32).to(device_);
  const at::Tensor first = net->forward(frames);
  net->forward(golden_frames(1, 36, 28).to(device_));  // another size in between
  EXPECT_TRUE(torch::equal(first, net->forward(frames)));
  // A frame's features do not depend on its batch.
  EXPECT_TRUE(
      torch::allclose(first.slice(0, 1, 2), net->forward(frames.slice(0, 1, 2)), 1e-5, 1e-5));
  EXPECT_EQ(net->forward(frames.slice(0, 0, 0)).sizes(), (std::vector<std::int64_t>{0, 64}));
}

TEST_P(SwinOn, StochasticDepthIsSeededAndCanBeSwitchedOff) {
  Swin net = make_golden_swin("swin_nano");
  net->to(device_);
  net->train();
  const at::Tensor frames = golden_frames(8, 32, 32).to(device_);
  const torch::NoGradGuard no_grad;
  const auto seeded = [&](std::uint64_t seed) {
    draw_for(net, 8, device_, seed);
    return net->forward(frames);
  };
  EXPECT_TRUE(torch::equal(seeded(3), seeded(3)));
  EXPECT_FALSE(torch::equal(seeded(3), seeded(4)));
  net->set_stochastic_depth(0);
  EXPECT_TRUE(torch::equal(seeded(3), seeded(4)));
  net->eval();
  const at::Tensor in_eval = net->forward(frames);
  net->set_stochastic_depth(0.5);
  EXPECT_TRUE(torch::equal(in_eval, net->forward(frames)));
  EXPECT_THROW(net->set_stochastic_depth(1), c10::Error);
  net->train();
  draw_for(net, 3, device_);
  EXPECT_THROW(net->forward(frames), c10::Error) << "8 frames are not of 3 clips";
  Swin alone = make_golden_swin("swin_nano");
  EXPECT_THROW(alone->forward(frames.cpu()), c10::Error) << "nothing says what it draws";
}

// With a last LayerNorm of weight 0 but for a probe, the features would hide the factors; so look
// at one block's branch: two blocks, where the first keeps all and the second drops at the full
// rate.
TEST(Swin, StochasticDepthDropsWholeFramesAtItsRate) {
  SwinOptions options = swin_options("swin_nano").value();
  options.depths = {2};
  options.heads = {2};
  options.stochastic_depth = 0.4;
  Swin net(options);
  {
    const torch::NoGradGuard no_grad;
    for (auto& item : net->named_parameters())
      item.value().copy_(scaled(item.key(), item.value().sizes()));
  }
  const torch::NoGradGuard no_grad;
  const std::int64_t n = 2000;
  const at::Tensor frames = golden_frames(1, 16, 16).expand({n, 3, 16, 16});
  draw_for(net, n, torch::kCPU);
  net->train();
  const at::Tensor features = net->forward(frames);
  // Two residuals that are each kept or dropped: four kinds of outcome, the same for equal draws.
  const auto unique = std::get<0>(torch::_unique2((features.select(1, 0) * 1e3).round()));
  EXPECT_EQ(unique.numel(), 4);
  // Both dropped: 0.4² of the frames. They equal a net whose second block adds nothing.
  for (auto& item : net->named_parameters()) {
    if (contains(item.key(), "features.1.1.attn.proj") ||
        contains(item.key(), "features.1.1.mlp.3"))
      item.value().zero_();
  }
  net->eval();
  const at::Tensor dropped = net->forward(frames.slice(0, 0, 1));
  const double share =
      (features - dropped).abs().amax(1).lt(1e-4).to(torch::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.16, 4 * std::sqrt(0.16 * 0.84 / static_cast<double>(n)));
}

TEST_P(SwinOn, RearrangingBackRestoresTokens) {
  for (const auto& [rows, columns] : {std::pair{8, 8}, std::pair{9, 7}, std::pair{4, 16}}) {
    const swin::FrameLayout layout = swin::make_layout(rows, columns, 2, 4, device_);
    for (const swin::StageLayout& stage : layout.stages) {
      const at::Tensor tokens = uniform("tokens", {2, stage.height * stage.width, 3}).to(device_);
      for (const swin::Gather* gather : {&stage.plain, &stage.shifted}) {
        const at::Tensor windows = swin::rearrange(tokens, *gather);
        EXPECT_EQ(windows.size(1), stage.windows * 16);
        EXPECT_TRUE(torch::equal(swin::rearrange(windows, *gather, true), tokens));
        EXPECT_NEAR(windows.sum().item<double>(), tokens.sum().item<double>(), 1e-9);
      }
    }
  }
}

TEST(SwinCuda, HalfPrecisionStaysNear) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  Swin net = make_golden_swin("swin_tiny");
  net->to(at::kCUDA);
  net->eval();
  const at::Tensor frames = golden_frames(2, 224, 224).cuda();
  const torch::NoGradGuard no_grad;
  const at::Tensor expected = net->forward(frames);
  at::autocast::set_autocast_enabled(at::kCUDA, true);
  at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  const at::Tensor features = net->forward(frames);
  at::autocast::set_autocast_enabled(at::kCUDA, false);
  at::autocast::clear_cache();
  EXPECT_LT(((features - expected).norm() / expected.norm()).item<double>(), 0.05);
}

}  // namespace
}  // namespace omniq::model
