// The MLP of a transformer block with the norm before it and the residual sum after it, for
// inference.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/token_norm/token_norm.h"

namespace omniq::kernels {

/// A layer's parameters, prepared once.
struct TokenMlp {
  TokenNorm norm;
  at::Tensor expand, expand_bias;  // [channels, hidden], [hidden], in the dtype of tokens
  at::Tensor shrink;               // [hidden, channels], likewise
  // As the kernel takes them, undefined where there is none: the norm's weight and bias are part of
  // the first product's.
  at::Tensor normed_expand, normed_bias;  // [hidden, channels] of tokens' dtype, [hidden] float32
};

/// From parameters of any floating type: expand_weight [hidden, channels], expand_bias [hidden],
/// shrink_weight [channels, hidden], for tokens of `dtype`.
TokenMlp make_token_mlp(const TokenNorm& norm, const at::Tensor& expand_weight,
                        const at::Tensor& expand_bias, const at::Tensor& shrink_weight,
                        at::ScalarType dtype);

/// x += GELU(norm(x) · expand + expand_bias) · shrink for x [tokens, channels], in place.
///
/// Without gradients: throws c10::Error where one is asked for, and where shapes, dtypes or devices
/// do not agree. On a GPU there is a kernel for bfloat16 and float16, 32, 64 and 96 channels and
/// four times as many hidden, for 512 tokens and more for each multiprocessor, where a block can
/// have the shared memory that the weights take (160 KB for 96 channels); everything else is
/// computed by torch operators. GELU is exact to 3e-4 of its argument in the kernel, and to
/// 5e-4 (its tanh form) in half precision on a GPU without it.
void token_mlp_(at::Tensor x, const TokenMlp& mlp);

}  // namespace omniq::kernels
