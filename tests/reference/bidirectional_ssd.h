#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::reference {

/// kernels::bidirectional_ssd() in float64, as the mean of two scans that go token by token.
/// Differentiable.
at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask);

}  // namespace omniq::reference
