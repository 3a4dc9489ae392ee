// The CUDA kernels of the SSD product, on plain pointers: compiled without torch.
//
// Tokens are cut into chunks of one or two tiles. Within one, all pairs of tokens are multiplied;
// what lies outside reaches a chunk through two states [states, channels] of each head: the left
// one is the scan from the first token up to the chunk, the right one the scan from the last token
// down to it. Backward has the like, of the gradients. With one chunk there are no states.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

inline constexpr std::int64_t kSsdTile = 64;       // tokens
inline constexpr std::int64_t kSsdHeadWidth = 64;  // channels of a head that has kernels

/// Numbers of states that have kernels.
constexpr bool has_cuda_ssd(std::int64_t states) {
  return states == 16 || states == 32 || states == 64 || states == 128 || states == 256;
}

/// T: float, __half or __nv_bfloat16. Rows of u, B, C (and of gradients) start at multiples of 16
/// bytes; u and its gradients have the heads side by side in a row.
template <typename T>
struct CudaSsdArguments {
  std::int64_t clips, tokens, heads, states;
  std::int64_t chunk_tiles;               // 1; for bfloat16, and not backward, also 2: longer
                                          // chunks have fewer states
  std::int64_t chunks;                    // of a clip: tokens / (chunk_tiles kSsdTile), rounded up
  std::int64_t block_heads, head_groups;  // heads that a block works on one after the other, and
                                          // the number of such blocks for a chunk
  Rows<const T> u, delta, B, C;
  const float *A, *D_skip, *delta_bias;  // [heads]
  const bool* mask;                      // [clips, tokens], contiguous; null for none
};

/// States that enter chunks: [clips, chunks, heads, 2 (left, right), states, kSsdHeadWidth], in
/// bfloat16 if T is that, else in float32; and exp(sum of Δ A) of every chunk: [clips, chunks,
/// heads].
struct SsdStates {
  void* data = nullptr;
  float* decays = nullptr;
};

/// y, from states that may be null with one chunk.
template <typename T>
cudaError_t ssd_forward(const CudaSsdArguments<T>& args, const SsdStates& states, const Rows<T>& y,
                        cudaStream_t stream);

/// The states of the forward scans, or, with grad_y, those of its gradients: the left one then
/// gathers the tokens before a chunk that the scan from the last token down has yet to reach.
template <typename T>
cudaError_t ssd_states(const CudaSsdArguments<T>& args, const Rows<const T>& grad_y,
                       const SsdStates& states, cudaStream_t stream);

template <typename T>
struct CudaSsdGradients {
  Rows<const T> y;
  SsdStates states, grad_states;  // null with one chunk
  Rows<T> u, delta, B, C;
  float* parameters;    // [clips, chunks, 3 (A, delta_bias, D_skip), heads]: shares, to be summed
  float* similarities;  // [clips, chunks, head_groups, kSsdTile, kSsdTile]: work space
};

template <typename T>
cudaError_t ssd_backward(const CudaSsdArguments<T>& args, const CudaSsdGradients<T>& grads,
                         cudaStream_t stream);

}  // namespace omniq::kernels::detail
