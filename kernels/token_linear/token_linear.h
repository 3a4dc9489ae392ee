// A linear layer with the norm before it, for inference.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/token_norm/token_norm.h"

namespace omniq::kernels {

/// A layer's parameters, prepared once.
struct TokenLinear {
  TokenNorm norm;
  at::Tensor weight, bias;  // [channels, out], [out], in the dtype of tokens
  // As the kernel takes them, undefined where there is none: the norm's weight and bias are part of
  // the layer's.
  at::Tensor normed_weight, normed_bias;  // [out, channels] of tokens' dtype, [out] float32
};

/// From parameters of any floating type: weight [out, channels], bias [out], for tokens of `dtype`.
TokenLinear make_token_linear(const TokenNorm& norm, const at::Tensor& weight,
                              const at::Tensor& bias, at::ScalarType dtype);

/// norm(x) · weight + bias for x [tokens, channels] → [tokens, out], in the dtype of x.
///
/// Without gradients: throws c10::Error where one is asked for, and where shapes, dtypes or devices
/// do not agree. On a GPU there is a kernel for bfloat16 and float16, 32, 64 and 96 channels and a
/// multiple of 32 of up to three times as many out, for 512 tokens and more for each
/// multiprocessor; everything else is computed by token_norm() and torch operators.
at::Tensor token_linear(const at::Tensor& x, const TokenLinear& linear);

}  // namespace omniq::kernels
