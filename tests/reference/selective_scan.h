#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::reference {

/// kernels::selective_scan() in float64, one token after the other, as its comment has it.
/// Differentiable.
at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask);

}  // namespace omniq::reference
