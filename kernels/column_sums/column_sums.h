// Sums over tokens, and what needs them: the gradient of a linear layer's bias.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels {

/// The sum of x [..., C], floating, over all axes but the last: [C], float32, or float64 if x is.
/// On a GPU by a kernel for float32, bfloat16 and float16, whose results repeat bit for bit;
/// otherwise by torch operators. Without gradients.
at::Tensor column_sums(const at::Tensor& x);

/// torch::linear, also under autocast; on a GPU the gradient of bias is column_sums of the
/// output's.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace omniq::kernels
