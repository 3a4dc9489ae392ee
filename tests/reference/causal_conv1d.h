#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace omniq::reference {

/// kernels::causal_conv1d() in float64, tap by tap, as its comment has it.
/// Differentiable.
at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& mask);

}  // namespace omniq::reference
