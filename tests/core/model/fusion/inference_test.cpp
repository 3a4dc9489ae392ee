// What runs on a GPU must agree with the CPU, and inference with the path that trains.
#include "core/model/fusion/inference.h"
#include "core/model/precision.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/train/adamw.h"
#include "core/train/step.h"
#include "tests/core/model/small_model.h"
#include "tests/core/train/one_group.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::model {
namespace {

using testing::relative_error;
using torch::Tensor;

std::vector<std::string> sequences() {
  std::vector<std::string> names;
  for (const FusionKind& kind : fusion_kinds()) {
    if (kind.sequence) names.push_back(kind.name);
  }
  return names;
}

class FusionOnGpu : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    torch::manual_seed(11);
    options_.width = 64;
    options_.d_state = 16;
    options_.n_heads = 4;
    options_.dropout = 0;
    kind_ = find_fusion(GetParam());
    fusion_ = make_fusion(kind_->name, options_);
    initialise(*fusion_, /*seed=*/11);
    const torch::NoGradGuard no_grad;
    for (auto& p : fusion_->parameters()) p.add_(0.05 * torch::randn_like(p));
    fusion_->eval();
  }

  // tokens [3, 33, 64] and every second time a mask.
  std::pair<Tensor, std::optional<Tensor>> clip(bool masked) const {
    std::optional<Tensor> mask;
    if (masked) mask = testing::random_mask(3, 33, torch::kCPU);
    return {torch::randn({3, 33, 64}), mask};
  }

  Tensor by_training_path(const Tensor& tokens, const std::optional<Tensor>& mask) {
    const torch::AutoGradMode with_gradients(true);
    return fusion_->read_out(fusion_->forward(tokens, mask), mask).detach();
  }

  FusionOptions options_;
  const FusionKind* kind_ = nullptr;
  std::shared_ptr<Fusion> fusion_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, FusionOnGpu, ::testing::ValuesIn(sequences()),
                         [](const auto& info) { return info.param; });

TEST_P(FusionOnGpu, AgreesWithTheCpuInOutputAndGradients) {
  for (const bool masked : {false, true}) {
    const auto [tokens, mask] = clip(masked);
    const auto run = [&](torch::Device device) {
      fusion_->to(device);
      fusion_->zero_grad();
      std::optional<Tensor> own_mask;
      if (mask) own_mask = mask->to(device);
      const Tensor y = fusion_->forward(tokens.to(device), own_mask);
      (y * torch::linspace(-1, 1, y.numel(), y.options()).view_as(y)).sum().backward();
      std::vector<Tensor> result{y.detach().cpu()};
      for (const auto& p : fusion_->parameters()) {
        result.push_back(p.grad().defined() ? p.grad().cpu().clone() : torch::zeros({1}));
      }
      return result;
    };
    const auto on_cpu = run(torch::kCPU), on_gpu = run(torch::kCUDA);
    const auto names = fusion_->named_parameters().keys();
    EXPECT_LE(relative_error(on_gpu[0], on_cpu[0]), 1e-5);
    for (std::size_t i = 1; i < on_cpu.size(); ++i) {
      // Attention does not depend on the key's bias: its gradient is rounding.
      if (names[i - 1].ends_with("key.bias")) continue;
      EXPECT_LE(relative_error(on_gpu[i], on_cpu[i]), 1e-3) << names[i - 1];
    }
  }
}

TEST_P(FusionOnGpu, InferenceIsTheTrainingPathWithAndWithoutAGraph) {
  fusion_->to(torch::kCUDA);
  FusionInference inference(*fusion_, *kind_, options_);
  for (int i = 0; i < 8; ++i) {  // each of both kinds: eager, captured, replayed twice
    const auto [tokens, mask] = clip(i % 2 == 1);
    std::optional<Tensor> own_mask;
    if (mask) own_mask = mask->cuda();
    const Tensor expected = by_training_path(tokens.cuda(), own_mask);
    const torch::InferenceMode mode;
    EXPECT_LE(relative_error(inference.read_out(tokens.cuda(), own_mask), expected), 1e-5) << i;
  }
  EXPECT_EQ(inference.graphs(), 2U);
}

TEST_P(FusionOnGpu, InferenceInMixedPrecisionStaysNearFloat32) {
  fusion_->to(torch::kCUDA);
  FusionInference inference(*fusion_, *kind_, options_);
  for (int i = 0; i < 3; ++i) {
    const Tensor tokens = clip(false).first.cuda();
    const Tensor expected = by_training_path(tokens, {});
    const torch::NoGradGuard no_grad;
    const model::AutocastScope autocast(tokens.device(), model::Precision::bfloat16);
    const Tensor y = inference.read_out(tokens, {});
    EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
    EXPECT_LE(relative_error(y, expected), 2e-2) << i;
  }
}

TEST_P(FusionOnGpu, InferenceFollowsParametersAndMergesAdapters) {
  fusion_->to(torch::kCUDA);
  FusionInference inference(*fusion_, *kind_, options_);
  const Tensor tokens = clip(false).first.cuda();
  const auto agrees = [&] {
    const Tensor expected = by_training_path(tokens, {});
    for (int i = 0; i < 3; ++i) {
      const torch::NoGradGuard no_grad;
      EXPECT_LE(relative_error(inference.read_out(tokens, {}), expected), 1e-5) << i;
    }
  };
  agrees();
  {
    const torch::NoGradGuard no_grad;
    for (auto& p : fusion_->parameters()) p.add_(0.02 * torch::randn_like(p));
  }
  agrees();
  for (const auto& module : fusion_->modules(false)) {
    auto* linear = module->as<Linear>();
    if (linear == nullptr) continue;
    linear->add_adapter({4, 8, 0}, generator_of(/*seed=*/1, "lora_A"));
    const torch::NoGradGuard no_grad;
    Tensor(linear->lora_b()).normal_(0, 0.1);
  }
  agrees();
  for (const auto& module : fusion_->modules(false)) {
    if (auto* linear = module->as<Linear>()) linear->merge_adapter();
  }
  agrees();
}

TEST_P(FusionOnGpu, KeepsNoMoreGraphsThanItMay) {
  fusion_->to(torch::kCUDA);
  FusionInference inference(*fusion_, *kind_, options_);
  const torch::NoGradGuard no_grad;
  for (std::int64_t length = 1; length <= 20; ++length) {
    for (int i = 0; i < 2; ++i) inference.read_out(torch::randn({1, length, 64}).cuda(), {});
  }
  EXPECT_EQ(inference.graphs(), GraphCache::kMostGraphs);
}

// 200 steps of AdamW on the CPU and on the GPU, from the same start over the same clips.
TEST(TrainingOnGpu, MambaHasTheLossCurveOfTheCpu) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const auto losses = [](torch::Device device) {
    auto model = small_model("mamba");
    model->to(device);
    model->eval();  // without dropout
    train::AdamW optimizer({train::one_group(*model, 2e-4, /*encoder=*/false)}, {});
    torch::manual_seed(3);
    const Tensor features = torch::randn({12, 8, 64}).to(device);
    const Tensor labels = torch::arange(12, torch::kLong).remainder(3).to(device);
    std::vector<double> curve;
    for (int step = 0; step < 200; ++step) {
      const Tensor loss = torch::cross_entropy_loss(model->classify(features), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step(1);
      curve.push_back(loss.item<double>());
    }
    return curve;
  };
  const auto cpu = losses(torch::kCPU), gpu = losses(torch::kCUDA);
  EXPECT_LT(cpu.back(), 0.5 * cpu.front());  // it does learn
  for (std::size_t i = 0; i < cpu.size(); ++i)
    EXPECT_NEAR(gpu[i], cpu[i], 1e-3 * cpu[i]) << "step " << i;
}

}  // namespace
}  // namespace omniq::model
