// Layer norms of maps of tokens, each with what stands before or after it, for inference.
#pragma once

#include <ATen/core/Tensor.h>

namespace omniq::kernels {

/// norm(x) = (y − mean(y)) / √(variance(y) + 1e-5) ⊙ weight + bias over channels, y = x + offset.
struct TokenNorm {
  at::Tensor weight, bias;  // [channels], float32 or float64
  at::Tensor offset;        // [channels of x], likewise; undefined for none
};

// Statistics are computed in float32, or in float64 if x is. None of these has gradients: they
// throw c10::Error where one is asked for, and where shapes or devices do not agree. On a GPU there
// are kernels for bfloat16 and float16 and channels that are a multiple of 8, up to 2048 to be
// normed (1024 for the mean); everything else is computed by torch operators.

/// x [..., C] → norm(x), in the dtype of x.
at::Tensor token_norm(const at::Tensor& x, const TokenNorm& norm);

/// x [n, H, W, C] → [n, ⌈H/2⌉, ⌈W/2⌉, 4C]: the norm of four neighbours' channels side by side, the
/// one below before the one to the right (Swin's patch merging). Neighbours beyond the map are
/// zero, without the offset. In the dtype of x.
at::Tensor merged_token_norm(const at::Tensor& x, const TokenNorm& norm);

/// x [n, tokens, C] → [n, C]: the mean of norm(x) over tokens, of which there is at least one. In
/// float32, or float64 if x is.
at::Tensor mean_token_norm(const at::Tensor& x, const TokenNorm& norm);

/// A linear layer on the normed tokens as one on tokens that are centred and scaled alone, in
/// float64: weight [out, channels], bias [out].
struct NormedLayer {
  at::Tensor weight, bias;
};
NormedLayer with_norm(const TokenNorm& norm, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace omniq::kernels
