// The residual sum and the layer norm after it, as one operator for inference.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::kernels {

struct SumAndNorm {
  at::Tensor sum, norm;
};

/// sum = x + delta, or x itself without delta; norm = (sum − mean) / √(variance + 1e-5) ⊙ weight +
/// bias, over the last axis.
///
/// Shapes: rows of C channels.
///   x, delta      […, C]  the same
///   weight, bias  [C]
///
/// Any device and floating types; statistics in float32, or float64 if x is. Without gradients:
/// throws c10::Error where one is asked for, and where shapes or devices do not agree. On a GPU
/// there is a kernel for x and delta of one dtype (float32, bfloat16 or float16) and channels that
/// are a multiple of 4, up to 1024; it takes weight and bias in float32, others are converted.
/// Everything else is computed by torch operators.
SumAndNorm residual_layer_norm(const at::Tensor& x, const std::optional<at::Tensor>& delta,
                               const at::Tensor& weight, const at::Tensor& bias);

}  // namespace omniq::kernels
