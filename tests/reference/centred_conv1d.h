#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::reference {

/// kernels::centred_conv1d() in float64, tap by tap. Differentiable.
at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& mask);

}  // namespace omniq::reference
