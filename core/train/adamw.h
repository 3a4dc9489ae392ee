// AdamW (Loshchilov and Hutter, 2019) over named parameters, with state that can be saved and
// restored exactly.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace omniq::train {

struct AdamWOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// Parameters that share learning rate and weight decay.
struct ParameterGroup {
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  double peak_lr = 1e-4;
  double weight_decay = 0;
};

class AdamW {
 public:
  AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options);

  /// One update with every group's peak learning rate times `factor`. Parameters without a gradient
  /// are left alone. The gradients are not changed.
  void step(double factor);
  void zero_grad();

  const std::vector<ParameterGroup>& groups() const { return groups_; }
  /// All gradients that exist, in a fixed order.
  std::vector<at::Tensor> gradients() const;

  /// "optimizer.exp_avg.<name>", "optimizer.exp_avg_sq.<name>" and "optimizer.step.<name>".
  std::vector<std::pair<std::string, at::Tensor>> state() const;
  /// Restores what state() returned; the error names what is missing or of another shape.
  Status load_state(const std::vector<std::pair<std::string, at::Tensor>>& state);

 private:
  struct Moments {
    std::vector<at::Tensor> exp_avg, exp_avg_sq, steps;
  };
  AdamWOptions options_;
  std::vector<ParameterGroup> groups_;
  std::vector<Moments> moments_;  // one a group
};

}  // namespace omniq::train
