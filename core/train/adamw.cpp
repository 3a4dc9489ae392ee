#include "core/train/adamw.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <map>

#include "core/base/text.h"

namespace omniq::train {

AdamW::AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options)
    : options_(options), groups_(std::move(groups)) {
  const torch::NoGradGuard no_grad;
  for (const ParameterGroup& group : groups_) {
    Moments moments;
    for (const auto& parameter : group.parameters) {
      moments.exp_avg.push_back(torch::zeros_like(parameter));
      moments.exp_avg_sq.push_back(torch::zeros_like(parameter));
      moments.steps.push_back(torch::zeros({}, parameter.options().dtype(torch::kFloat32)));
    }
    moments_.push_back(std::move(moments));
  }
}

void AdamW::step(double factor) {
  const torch::NoGradGuard no_grad;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const ParameterGroup& group = groups_[g];
    std::vector<at::Tensor> parameters, gradients, exp_avg, exp_avg_sq, steps;
    for (std::size_t i = 0; i < group.parameters.size(); ++i) {
      const auto& gradient = group.parameters[i].grad();
      if (!gradient.defined()) continue;
      parameters.push_back(group.parameters[i]);
      gradients.push_back(gradient);
      exp_avg.push_back(moments_[g].exp_avg[i]);
      exp_avg_sq.push_back(moments_[g].exp_avg_sq[i]);
      steps.push_back(moments_[g].steps[i]);
    }
    if (parameters.empty()) continue;
    at::_foreach_add_(steps, 1);
    at::_fused_adamw_(parameters, gradients, exp_avg, exp_avg_sq, /*max_exp_avg_sqs=*/{}, steps,
                      group.peak_lr * factor, options_.beta1, options_.beta2, group.weight_decay,
                      options_.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
    // The fused operator leaves the version counters alone, by which others see that what they
    // made from parameters is out of date.
    for (const at::Tensor& parameter : parameters) parameter.unsafeGetTensorImpl()->bump_version();
  }
}

void AdamW::zero_grad() {
  for (ParameterGroup& group : groups_) {
    for (auto& parameter : group.parameters) parameter.mutable_grad() = at::Tensor();
  }
}

std::vector<at::Tensor> AdamW::gradients() const {
  std::vector<at::Tensor> all;
  for (const ParameterGroup& group : groups_) {
    for (const auto& parameter : group.parameters) {
      if (parameter.grad().defined()) all.push_back(parameter.grad());
    }
  }
  return all;
}

std::vector<std::pair<std::string, at::Tensor>> AdamW::state() const {
  std::vector<std::pair<std::string, at::Tensor>> out;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t i = 0; i < groups_[g].names.size(); ++i) {
      out.emplace_back("optimizer.exp_avg." + groups_[g].names[i], moments_[g].exp_avg[i]);
      out.emplace_back("optimizer.exp_avg_sq." + groups_[g].names[i], moments_[g].exp_avg_sq[i]);
      out.emplace_back("optimizer.step." + groups_[g].names[i], moments_[g].steps[i]);
    }
  }
  return out;
}

Status AdamW::load_state(const std::vector<std::pair<std::string, at::Tensor>>& saved) {
  const torch::NoGradGuard no_grad;
  const std::map<std::string, at::Tensor> by_name(saved.begin(), saved.end());
  for (auto& [name, tensor] : state()) {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second.sizes() != tensor.sizes()) {
      return fail(ErrorCode::checkpoint, cat("The checkpoint has no fitting ", name, "."),
                  "It was written with other settings; start a new run.");
    }
    tensor.copy_(found->second);
  }
  return {};
}

}  // namespace omniq::train
