// Centred depthwise convolution with SiLU, as it stands before the mixer of `mamba2`.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::kernels {

/// out_t = SiLU( bias + Σ_k weight_k · x_{t−(W−1)/2+k} ), with zeros outside of the clip. Masked
/// tokens count as zero input.
///
/// Shapes: B clips, L ≥ 1 tokens, C channels, W taps (odd).
///   x        [B, L, C]  any strides as long as the last axis is contiguous; otherwise it is copied
///   weight   [C, W]
///   bias     [C]
///   mask     [B, L] bool, true for a token; undefined for none
///   returns  [B, L, C] in the dtype of x
///
/// Any floating types, computed in float32, or float64 if x is. x, weight and bias have gradients.
/// On a GPU there are kernels for 3 and 5 taps and x in float32, bfloat16 or float16 (first
/// derivatives only; results repeat bit for bit); everything else is computed by torch operators.
/// Throws c10::Error where shapes or devices do not agree.
at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& mask);

}  // namespace omniq::kernels
