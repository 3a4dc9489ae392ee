// The selective state-space scan of Mamba (Gu and Dao, 2023), for one direction of time or both at
// once.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

namespace omniq::kernels {

/// y = scan(u) ⊙ SiLU(z), where for every direction r, clip b and channel e
///
///   Δ_t = softplus(delta_t + delta_bias)          (0 where mask is false)
///   h_t = exp(Δ_t A) ⊙ h_{t−1} + Δ_t B_t u_t      h is a vector of N states, h before the first
///   step is 0 scan(u)_t = C_t · h_t + D_skip u_t
///
/// Direction 0 runs from the first token to the last, direction 1 from the last to the first;
/// outputs stay at the place of their token, so nothing is flipped by the caller.
///
/// Shapes: R directions (1 or 2), B clips, L ≥ 1 tokens, E channels, N states; P is R, or 1 where
/// the directions share (each argument by itself). Strides are free as long as the last axis is
/// contiguous; a tensor where it is not is copied.
///   u, delta     [R, B, L, E]
///   A            [P, E, N]     negative (not checked)
///   B, C         [R, B, L, N]
///   D_skip       [P, E]
///   delta_bias   [P, E]
///   z            [P, B, L, E]  the gate; undefined for none
///   mask         [B, L] bool   true for a token, false for padding; undefined for none
///   returns      [R, B, L, E]  in the dtype of u
///
/// CPU: float32 or float64, all arguments the same; the state and all sums are in that type. CUDA:
/// any floating types; the state and all sums are in float32, or float64 if u is. Every argument
/// but mask and rates has a gradient (first derivatives only); backward recomputes the states, so
/// that only the arguments and the output before the gate are kept. Results repeat bit for bit on
/// the same CPU with the same number of threads, and on the same GPU. Throws c10::Error where
/// shapes, dtypes or devices do not agree.
///
/// On a GPU the kernels take 16, 32, 64, 128 or 256 states and u in float32, bfloat16 or float16;
/// other states, and float64, are computed by torch operators, a token at a time. Where u, delta,
/// B, C and z are not of one dtype they are converted to float32 first.
///
/// With rates, half types and 64 or 128 states the GPU computes on tensor cores, with relative
/// errors of about 4e-3 in bfloat16 and in float16, of the gradient of delta up to 1e-2: the
/// forward pass where a block may have 134 KiB of shared memory, as on compute capability 8.0
/// and 9.0, the backward pass where it may have 171 KiB, as on 9.0.
///
///   rates        [P, E]        what linear_rates() returned for this A; none in general.
///                              Exponentials of a channel then become products of one (CUDA; others
///                              ignore it). A must not need a gradient.
at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask,
                          const std::optional<at::Tensor>& rates = std::nullopt);

/// The rates a [P, E] (float32) if A [P, E, N] is −(n + 1) · a for every state n to float32
/// rounding (a relative 1e-6), as S4D-real initialises it; none otherwise. Waits for the device:
/// call it when A is loaded or changed, not for every scan.
std::optional<at::Tensor> linear_rates(const at::Tensor& A);

/// How selective_scan() computes for this A and rates where u, delta, B, C and z are of `type`, for
/// a run's record: "general", "linear rates", "linear rates, tensor cores" or, where the backward
/// pass is not on those, "linear rates, tensor cores forward".
std::string scan_path(const at::Tensor& A, const std::optional<at::Tensor>& rates,
                      at::ScalarType type);

}  // namespace omniq::kernels
