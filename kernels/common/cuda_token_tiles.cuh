// Tiles of 32 tokens that a warp norms and multiplies by a weight in shared memory.
//
// A lane 4g + i reads tokens g, g + 8, g + 16 and g + 24 as vectors of eight channels, the i-th of
// every four. That is not how fragments of a product lie, but a sum over channels has no order: the
// weight's columns are put into shared memory in the order in which lanes have theirs.
#pragma once

#include "kernels/common/cuda_half_products.cuh"
#include "kernels/common/cuda_resident.cuh"
#include "kernels/common/norm_epsilon.h"

namespace omniq::kernels::detail {

inline constexpr int kTileTokens = 32;
inline std::int64_t token_tiles(std::int64_t tokens) {
  return (tokens + kTileTokens - 1) / kTileTokens;
}

/// The channel that column k of a weight in shared memory belongs to: 16s + 8b + 2i + e is channel
/// 8 (i + 4 (s / 2)) + 4 (s % 2) + 2b + e.
__device__ __forceinline__ int channel_of_column(int k) {
  return 8 * (k / 2 % 4 + k / 32 * 4) + k / 16 % 2 * 4 + k / 8 % 2 * 2 + k % 2;
}

template <typename T>
__device__ __forceinline__ void copy_pair(T* to, const T* from) {
  *reinterpret_cast<unsigned*>(to) = *reinterpret_cast<const unsigned*>(from);
}

/// Four 8 × 8 matrices of a weight [row][k]: two right operands, of rows `row` and `row` + 8 on.
template <typename T, int kPitch>
__device__ __forceinline__ void load_rights(const T (*weight)[kPitch], int row, int k,
                                            unsigned (&first)[2], unsigned (&second)[2]) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const T* from = &weight[row + lane % 8 + lane / 16 * 8][k + lane / 8 % 2 * 8];
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(first[0]), "=r"(first[1]), "=r"(second[0]), "=r"(second[1])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from))));
}

/// The lane's part of one token, normed and rounded: pairs[v][e / 2] of channels 8 (i + 4v) + e.
template <typename T, int kVectors>
__device__ __forceinline__ void load_normed(const T* token, bool exists, int i, const float* offset,
                                            unsigned (&pairs)[kVectors][4]) {
  float x[kVectors][8];
  float sum = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int channel = 8 * (i + 4 * v);
    if (exists) {
      load8(token + channel, x[v]);
    } else {
#pragma unroll
      for (int e = 0; e < 8; ++e) x[v][e] = 0.F;
    }
    float added[8];
    load8(offset + channel, added);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      x[v][e] += added[e];
      sum += x[v][e];
    }
  }
  const auto mean_of = [](float y) { return sum_of_row(y) / static_cast<float>(32 * kVectors); };
  const float mean = mean_of(sum);
  float squares = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      x[v][e] -= mean;
      squares = fmaf(x[v][e], x[v][e], squares);
    }
  }
  const float scale = rsqrtf(mean_of(squares) + static_cast<float>(kNormEpsilon));
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < 8; e += 2)
      pairs[v][e / 2] = pack_half<T>(x[v][e] * scale, x[v][e + 1] * scale);
  }
}

/// A tile's tokens, normed, as left operands of 16 tokens each. `token` is the lane's first, `left`
/// how many tokens there are from it on; those beyond are zero.
template <typename T, int kVectors>
__device__ __forceinline__ void load_normed_tile(const T* token, std::int64_t left, int i,
                                                 const float* offset,
                                                 unsigned (&normed)[2][2 * kVectors][4]) {
#pragma unroll
  for (int part = 0; part < 4; ++part) {
    unsigned pairs[kVectors][4];
    load_normed<T, kVectors>(token + part * 8 * 32 * kVectors, part * 8 < left, i, offset, pairs);
#pragma unroll
    for (int s = 0; s < 2 * kVectors; ++s) {
      normed[part / 2][s][part % 2] = pairs[s / 2][s % 2 * 2];
      normed[part / 2][s][part % 2 + 2] = pairs[s / 2][s % 2 * 2 + 1];
    }
  }
}

/// What 32 tokens give to kTiles · 8 channels, as results: of 16 tokens each.
template <int kTiles>
using TokenResults = float[2][kTiles][4];

/// Lets them begin with the channels' biases, `bias` being the lane's first.
template <int kTiles>
__device__ __forceinline__ void start_from_bias(TokenResults<kTiles>& sums, const float* bias) {
#pragma unroll
  for (int n = 0; n < kTiles; ++n) {
    const float2 start = *reinterpret_cast<const float2*>(bias + 8 * n);
#pragma unroll
    for (int m = 0; m < 2; ++m) {
      sums[m][n][0] = sums[m][n][2] = start.x;
      sums[m][n][1] = sums[m][n][3] = start.y;
    }
  }
}

/// Starts to bring a token that is read later into the L2 cache.
template <int kChannels, typename T>
__device__ __forceinline__ void prefetch_token(const T* tokens, std::int64_t index,
                                               std::int64_t count) {
  if (index >= count) return;
  const T* token = tokens + index * kChannels;
  asm volatile("prefetch.global.L2 [%0];" ::"l"(token));
  asm volatile("prefetch.global.L2 [%0];" ::"l"(token + kChannels - 1));
}

}  // namespace omniq::kernels::detail
