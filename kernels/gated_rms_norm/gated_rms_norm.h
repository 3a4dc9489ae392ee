// The gate and norm at the end of the mixer of `mamba2`.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels {

/// x = y ⊙ SiLU(z); returns x / √(mean of x² over channels + 1e-5) ⊙ weight.
///
/// Shapes: B clips, L tokens, C channels.
///   y, z     [B, L, C]  any strides as long as the last axis is contiguous; otherwise copied
///   weight   [C]
///   returns  [B, L, C] in the dtype of y
///
/// Any floating types, computed in float32, or float64 if y is. Every argument has a gradient. On a
/// GPU there are kernels for float32, bfloat16 and float16 and a number of channels that is a
/// multiple of 4, up to 8192 (first derivatives only; results repeat bit for bit); everything else
/// is computed by torch operators. Throws c10::Error where shapes or devices do not agree.
at::Tensor gated_rms_norm(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight);

}  // namespace omniq::kernels
