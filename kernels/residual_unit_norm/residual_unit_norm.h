// A residual branch added to a stream of tokens, and the norm that reads the sum, for training.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels {

/// What is added to a stream: value + keep ⊙ bias. Stochastic depth has scaled or dropped `value`
/// already, by the layer that made it; the bias is left to this sum.
struct Branch {
  at::Tensor value;  // the stream's shape and dtype; undefined: nothing is added
  at::Tensor bias;   // [C], floating; undefined for none
  at::Tensor keep;   // [n] of the frames, floating, without gradient; undefined: 1
};

struct SumAndUnitNorm {
  at::Tensor sum, normed;
};

// The norms have no weight and bias of their own, (y − mean(y)) ÷ √(variance(y) + 1e-5) over the
// last axis: a linear layer behind them takes those into its own, so that what is kept for the
// backward pass is the normed tokens, which that layer keeps too, and a number for each token.
//
// Differentiable in x, value and bias, once where a kernel computes. Sums and statistics are in
// float32, or in float64 if x is. Throw c10::Error where shapes, dtypes or devices do not agree, or
// where keep requires a gradient. On a GPU there are kernels for bfloat16 and float16 and
// channels that are a multiple of 8, up to 2048 to be normed; everything else is computed by torch
// operators.

/// x [n, ..., C], floating → sum = x + branch (x itself without one) and its norm, in x's dtype.
SumAndUnitNorm residual_unit_norm(const at::Tensor& x, const Branch& branch);

/// x [n, H, W, C] → the norm of four neighbours' sums side by side, [n, ⌈H/2⌉, ⌈W/2⌉, 4C], the one
/// below before the one to the right (Swin's patch merging). Neighbours beyond the map are zero.
at::Tensor merged_residual_unit_norm(const at::Tensor& x, const Branch& branch);

}  // namespace omniq::kernels
