// Causal depthwise convolution with SiLU, as it stands before Mamba's scan.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

namespace omniq::kernels {

/// out_t = SiLU( bias + Σ_k weight_k · x_{t−(W−1)+k} ), with zeros before the first token; for
/// direction 1 time runs backwards (out_t looks at x_{t+(W−1)−k}). Masked tokens count as zero
/// input.
///
/// Shapes: R = directions (1 or 2), B clips, L ≥ 1 tokens, E channels, W ≥ 1 taps; P is R, or 1
/// where the directions share parameters or input (each argument by itself). Strides of x are free
/// as long as its last axis is contiguous; otherwise it is copied.
///   x        [P, B, L, E]
///   weight   [P, E, W]
///   bias     [P, E]
///   mask     [B, L] bool, true for a token; undefined for none
///   returns  [R, B, L, E] in the dtype of x
///
/// CPU: float32 or float64, all arguments the same. CUDA: any floating types, computed in float32,
/// or float64 if x is. x, weight and bias have gradients (first derivatives only). Results repeat
/// bit for bit on the same CPU or GPU. Throws c10::Error where shapes, dtypes or devices do not
/// agree. On a GPU the kernels take 2 to 5 taps and x in float32, bfloat16 or float16; other
/// widths, and float64, are computed by torch operators.
at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& mask);

}  // namespace omniq::kernels
