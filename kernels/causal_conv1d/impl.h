// The implementations behind causal_conv1d(); arguments as there, already checked. An absent mask
// is an undefined tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace omniq::kernels::detail {

at::Tensor causal_conv1d_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t directions, const at::Tensor& mask);

/// Gradients of x, weight and bias, as far as they are needed (others stay undefined).
std::array<at::Tensor, 3> causal_conv1d_cpu_backward(const at::Tensor& x, const at::Tensor& weight,
                                                     const at::Tensor& bias, const at::Tensor& mask,
                                                     const at::Tensor& grad_out,
                                                     const std::array<bool, 3>& needed);

/// Whether there are CUDA kernels for these; the composite takes the others.
bool has_cuda_kernels(const at::Tensor& x, const at::Tensor& weight);

/// `ahead`: tokens after its own (before, for direction 1) that the filter reaches. Then it is not
/// causal any more: centred_conv1d().
at::Tensor causal_conv1d_cuda(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              std::int64_t directions, const at::Tensor& mask,
                              std::int64_t ahead = 0);
std::array<at::Tensor, 3> causal_conv1d_cuda_backward(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mask,
    const at::Tensor& grad_out, const std::array<bool, 3>& needed, std::int64_t ahead = 0);

/// Torch operators, with torch's autograd, for any device. Half types are computed in float32, also
/// under autocast; everything else in the dtype of x.
at::Tensor causal_conv1d_composite(const at::Tensor& x, const at::Tensor& weight,
                                   const at::Tensor& bias, std::int64_t directions,
                                   const at::Tensor& mask);

}  // namespace omniq::kernels::detail
