// Rows of normed tokens. Some lanes of a warp have a row, of which each holds a few vectors of
// eight channels in registers; they go from row to row and keep what belongs to their channels.
#pragma once

#include <cstdint>

#include "kernels/common/cuda_half_products.cuh"
#include "kernels/common/cuda_resident.cuh"
#include "kernels/common/norm_epsilon.h"

namespace omniq::kernels::detail {

inline constexpr int kRowVector = 8;
inline constexpr int kKeptVectors = 3;  // of which what belongs to their channels fits in registers

/// How the channels of a row are shared: lane l has channels 8 · (l + lanes · v).
struct RowSharing {
  int lanes, vectors;  // lanes a power of two

  explicit RowSharing(int channels) : lanes(4) {
    while (lanes < 32 && lanes * kKeptVectors * kRowVector < channels) lanes *= 2;
    vectors = (channels + lanes * kRowVector - 1) / (lanes * kRowVector);
  }
};

/// Calls run with the number of a lane's vectors, or the next of 1, 2, 3, 4, 6 and 8, as a type.
template <typename Run>
cudaError_t with_vectors(const RowSharing& sharing, const Run& run) {
  const int vectors = sharing.vectors <= 4 ? sharing.vectors : (sharing.vectors + 1) / 2 * 2;
  return with_constant<1, 2, 3, 4, 6, 8>(vectors, run);
}

/// What a lane needs of a parameter: `find(v)` is where its v-th vector's values are, null for
/// zeros. Read once with kInRegisters, else at each use, from the cache.
template <int kVectors, bool kInRegisters, typename Find>
class OfChannels {
 public:
  __device__ explicit OfChannels(Find find) : find_(find) {
    if constexpr (kInRegisters) {
#pragma unroll
      for (int v = 0; v < kVectors; ++v) load(v, kept_[v]);
    }
  }

  __device__ void get(int v, float (&x)[kRowVector]) const {
    if constexpr (kInRegisters) {
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) x[e] = kept_[v][e];
    } else {
      load(v, x);
    }
  }

 private:
  __device__ void load(int v, float (&x)[kRowVector]) const {
    const float* from = find_(v);
    if (from != nullptr) {
      load8(from, x);
    } else {
#pragma unroll
      for (int e = 0; e < kRowVector; ++e) x[e] = 0.F;
    }
  }

  Find find_;
  float kept_[kInRegisters ? kVectors : 1][kRowVector];
};

template <int kVectors, bool kInRegisters, typename Find>
__device__ __forceinline__ OfChannels<kVectors, kInRegisters, Find> of_channels(Find find) {
  return OfChannels<kVectors, kInRegisters, Find>(find);
}

__device__ __forceinline__ float sum_of_lanes(float x, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(kFullWarp, x, distance);
  }
  return x;
}

/// Adds up, over a block's parts in their order, what each lane has of its channels and part; calls
/// store(channel, sum). sums: [parts, channels], in shared memory.
template <int kThreads, int kVectors, typename Store>
__device__ __forceinline__ void sum_parts(const float (&own)[kVectors][kRowVector], float* sums,
                                          int lanes, int channels, const Store& store) {
  const int parts = kThreads / lanes, part = static_cast<int>(threadIdx.x) / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int c = (lane + lanes * v) * kRowVector;
    if (c >= channels) continue;
#pragma unroll
    for (int e = 0; e < kRowVector; ++e) sums[part * channels + c + e] = own[v][e];
  }
  __syncthreads();
  for (int c = static_cast<int>(threadIdx.x); c < channels; c += kThreads) {
    float all = 0.F;
    for (int p = 0; p < parts; ++p) all += sums[p * channels + c];
    store(c, all);
  }
}

/// Where the eight channels of a row from c on are in a map. Rows as they lie.
struct PlainRows {
  int channels;

  __device__ std::int64_t at(std::int64_t row, int c) const { return row * channels + c; }
  /// The token's own channel.
  __device__ int channel(int c) const { return c; }
};

/// Rows of four neighbours: the one below before the one to the right.
struct MergedRows {
  int of_one;  // channels
  int height, width;

  /// −1 beyond the map.
  __device__ std::int64_t at(std::int64_t row, int c) const {
    const auto columns = static_cast<unsigned>(width + 1) / 2;
    const auto rows = static_cast<unsigned>(height + 1) / 2;
    const auto index = static_cast<unsigned>(row), map = index / columns;  // shorter divisions
    const int quarter = c / of_one;
    const int px = static_cast<int>(index % columns) * 2 + quarter / 2;
    const int py = static_cast<int>(map % rows) * 2 + quarter % 2;
    if (px >= width || py >= height) return -1;
    const std::int64_t frame = map / rows;
    return ((frame * height + py) * width + px) * of_one + c % of_one;
  }
  __device__ int channel(int c) const { return c % of_one; }
};

/// Centres and scales a lane's channels of a row: (x − mean) ÷ √(variance + ε), whose divisor's
/// inverse it returns. Channels beyond `channels` must be zero, and become it. All lanes of the
/// warp must take part.
template <int kVectors>
__device__ __forceinline__ float norm_row(float (&x)[kVectors][kRowVector], int lane, int lanes,
                                          int channels) {
  float sum = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < kRowVector; ++e) sum += x[v][e];
  }
  const float mean = sum_of_lanes(sum, lanes) / static_cast<float>(channels);
  float squares = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const bool inside = (lane + lanes * v) * kRowVector < channels;
#pragma unroll
    for (int e = 0; e < kRowVector; ++e) {
      x[v][e] = inside ? x[v][e] - mean : 0.F;
      squares = fmaf(x[v][e], x[v][e], squares);
    }
  }
  const float scale = rsqrtf(sum_of_lanes(squares, lanes) / static_cast<float>(channels) +
                             static_cast<float>(kNormEpsilon));
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < kRowVector; ++e) x[v][e] *= scale;
  }
  return scale;
}

/// The factor of a row's frame; 1 without factors.
__device__ __forceinline__ float factor_of_row(const float* factors, std::int64_t row,
                                               std::int64_t rows_of_frame) {
  if (factors == nullptr) return 1.F;
  return factors[static_cast<unsigned>(row) / static_cast<unsigned>(rows_of_frame)];
}

/// Eight values as T at a multiple of 16 bytes.
template <typename T>
__device__ __forceinline__ void store8(T* to, const float (&x)[kRowVector]) {
  *reinterpret_cast<uint4*>(to) = {pack_half<T>(x[0], x[1]), pack_half<T>(x[2], x[3]),
                                   pack_half<T>(x[4], x[5]), pack_half<T>(x[6], x[7])};
}

}  // namespace omniq::kernels::detail
