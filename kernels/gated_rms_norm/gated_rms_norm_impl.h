// The implementations behind gated_rms_norm(); arguments as there, already checked.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace omniq::kernels::detail {

bool has_gated_norm_kernels(const at::Tensor& y);

at::Tensor gated_rms_norm_cuda(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight);
/// Gradients of y, z and weight.
std::array<at::Tensor, 3> gated_rms_norm_cuda_backward(const at::Tensor& y, const at::Tensor& z,
                                                       const at::Tensor& weight,
                                                       const at::Tensor& grad_out);

/// Torch operators, with torch's autograd, for any device.
at::Tensor gated_rms_norm_composite(const at::Tensor& y, const at::Tensor& z,
                                    const at::Tensor& weight);

}  // namespace omniq::kernels::detail
