#include "core/model/linear.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "kernels/column_sums/column_sums.h"

namespace omniq::model {

Linear::Linear(std::int64_t in_features, std::int64_t out_features, bool with_bias) {
  weight = random_parameter("weight", {out_features, in_features}, /*initial=*/{});
  if (with_bias) bias = register_parameter("bias", torch::zeros({out_features}));
}

torch::Tensor Linear::forward(const torch::Tensor& x) {
  return adapted(kernels::linear(x, weight, bias), x);
}

torch::Tensor Linear::forward_without_bias(const torch::Tensor& x) {
  return adapted(torch::linear(x, weight), x);
}

torch::Tensor Linear::adapted(torch::Tensor y, const torch::Tensor& x) {
  if (!lora_a_.defined()) return y;
  const auto input = dropout_->forward(x, /*axis=*/x.dim() == 4 ? 1 : 0);
  const double scale = adapter_.alpha / static_cast<double>(adapter_.rank);
  return y + scale * torch::linear(torch::linear(input, lora_a_), lora_b_);
}

std::int64_t Linear::add_adapter(const LoraOptions& options, const at::Generator& generator) {
  const std::int64_t out = weight.size(0), in = weight.size(1);
  adapter_ = options;
  adapter_.rank =
      std::clamp<std::int64_t>(options.rank, 1, std::max<std::int64_t>(1, std::min(in, out) / 2));
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  lora_a_ = register_parameter(
      "lora_A",
      torch::empty({adapter_.rank, in}).uniform_(-bound, bound, generator).to(weight.options()));
  lora_b_ = register_parameter("lora_B", torch::zeros({out, adapter_.rank}, weight.options()));
  set_role("lora_A", Role::adapter);
  set_role("lora_B", Role::adapter);
  dropout_ = register_module("lora_dropout", std::make_shared<Dropout>(options.dropout));
  return adapter_.rank;
}

torch::Tensor Linear::merged_weight() const {
  if (!lora_a_.defined()) return weight;
  return torch::add(weight, torch::matmul(lora_b_, lora_a_),
                    adapter_.alpha / static_cast<double>(adapter_.rank));
}

void Linear::merge_adapter() {
  if (!lora_a_.defined()) return;
  const torch::NoGradGuard no_grad;
  weight.copy_(merged_weight());
  parameters_.erase("lora_A");
  parameters_.erase("lora_B");
  unregister_module("lora_dropout");
  lora_a_ = lora_b_ = torch::Tensor();
}

}  // namespace omniq::model
