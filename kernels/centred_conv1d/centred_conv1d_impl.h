// The implementation behind centred_conv1d() by torch operators; the kernels are causal_conv1d's.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels::detail {

/// Torch operators, with torch's autograd, for any device; arguments already checked. An absent
/// mask is an undefined tensor.
at::Tensor centred_conv1d_composite(const at::Tensor& x, const at::Tensor& weight,
                                    const at::Tensor& bias, const at::Tensor& mask);

}  // namespace omniq::kernels::detail
