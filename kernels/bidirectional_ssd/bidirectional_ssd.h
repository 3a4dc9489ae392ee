// The bidirectional state-space duality (SSD) mixer of the `mamba2` fusion: both directions as one
// decay-weighted attention-like product (after Dao and Gu, "Transformers are SSMs", 2024).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace omniq::kernels {

/// y_t = Σ_s w_ts (C_t · B_s) Δ_s u_s + D_skip u_t for every clip and head, where Δ =
/// softplus(delta + delta_bias) (0 where mask is false), a_t = Δ_t A, and
///   w_ts = ½ exp(a_{s+1} + … + a_t)   for s < t
///   w_ts = ½ exp(a_t + … + a_{s−1})   for s > t
///   w_tt = 1
/// which is the mean of the scans in the two directions.
///
/// Shapes: B clips, L tokens, H heads of P channels, N states.
///   u           [B, L, H, P]
///   delta       [B, L, H]
///   A           [H]           negative
///   B, C        [B, L, N]     one group: shared by all heads
///   D_skip      [H]
///   delta_bias  [H]
///   mask        [B, L] bool, true for a token; undefined for none
///   returns     [B, L, H, P]  in the dtype of u
///
/// Any device and floating types; computed in float32, or float64 if u is. Every argument but mask
/// has a gradient. Throws c10::Error where shapes or devices do not agree.
///
/// On a GPU there are kernels for heads of 64 channels, 16, 32, 64, 128 or 256 states and u in
/// float32, bfloat16 or float16. They go through tokens in chunks, so that memory grows with L;
/// products take bfloat16 as it is, float16 with its precision and float32 as the sum of two parts,
/// and are summed in float32; first derivatives only; results repeat bit for bit. Where u, delta, B
/// and C are not of one dtype they are converted to float32 first. Everything else is computed by
/// torch operators from all pairs of tokens: its memory grows with B·H·L².
at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask);

}  // namespace omniq::kernels
