// GELU and the linear layer behind it, for training.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels {

/// (keep ⊙ gelu(x + bias)) weightᵀ, with the exact GELU, y · Φ(y).
///   x       [n, ..., hidden], floating
///   bias    [hidden], floating: that of the layer before, which is added here
///   weight  [out, hidden], in x's dtype
///   keep    [n], floating, without gradient: the factor of each frame; undefined: 1
/// → [n, ..., out] in x's dtype. Differentiable in x, bias and weight, once where the kernel
/// computes. Only x is kept for the backward pass, which computes GELU again.
///
/// Throws c10::Error where shapes, dtypes or devices do not agree, or where keep requires a
/// gradient. On a GPU there is a kernel for the GELU of bfloat16 and float16 and a hidden width
/// that is a multiple of 8; everything else is computed by torch operators.
at::Tensor gelu_linear(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& weight,
                       const at::Tensor& keep);

}  // namespace omniq::kernels
