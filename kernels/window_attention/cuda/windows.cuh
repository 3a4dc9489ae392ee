// Windows of a map, their tokens and scores, as a warp's lanes have them.
//
// A lane 4g + i has of a token g the i-th quarter of a head's channels, as one vector.
#pragma once

#include "kernels/common/cuda_half_products.cuh"
#include "kernels/window_attention/cuda/launch.h"

namespace omniq::kernels::detail {

template <int kWindow>
inline constexpr int kQueryTilesOf = query_tiles(kWindow);
template <int kWindow>
inline constexpr int kKeyTilesOf = key_tiles(kWindow);

/// A quarter of a token's channels of one head: two in each register.
template <int kRegisters>
struct alignas(4 * kRegisters) Quarter {
  unsigned pairs[kRegisters];

  /// Eight tokens' channels as rows of a right operand: its columns come out as they went in, a
  /// lane has the i-th quarter of the result's.
  __device__ Quarter transposed() const {
    Quarter result;
#pragma unroll
    for (int r = 0; r < kRegisters; ++r) result.pairs[r] = transpose_matrix(pairs[r]);
    return result;
  }
};

/// sum += the product of 16 tokens and the transpose of eight: channels in any order.
template <typename T, int kRegisters>
__device__ __forceinline__ void multiply_tokens(float (&sum)[4],
                                                const Quarter<kRegisters> (&left)[2],
                                                const Quarter<kRegisters>& right) {
#pragma unroll
  for (int r = 0; r < kRegisters; r += 2) {
    multiply_half<T>(
        sum, {left[0].pairs[r], left[1].pairs[r], left[0].pairs[r + 1], left[1].pairs[r + 1]},
        {right.pairs[r], right.pairs[r + 1]});
  }
}

/// One window of one frame. Sizes stay in the kernel's arguments: they take no registers there.
template <int kWindow>
struct Window {
  const WindowAttentionShape& args;
  unsigned frame;
  int first_y, first_x, split_y, split_x;

  __device__ Window(const WindowAttentionShape& of, unsigned index) : args(of) {
    const unsigned down = args.padded_height / kWindow, across = args.padded_width / kWindow;
    const unsigned row = index / across % down, column = index % across;
    frame = index / (across * down);
    first_y = static_cast<int>(row) * kWindow + args.shift_y;
    first_x = static_cast<int>(column) * kWindow + args.shift_x;
    // Only the last windows hold tokens that were apart before the shift.
    split_y = args.shift_y > 0 && row + 1 == down ? kWindow - args.shift_y : kWindow;
    split_x = args.shift_x > 0 && column + 1 == across ? kWindow - args.shift_x : kWindow;
  }

  /// The place of a token in the frame's map; −1 beyond the map, which needs kPadded.
  template <bool kPadded>
  __device__ int place(int token) const {
    const int y = row(token), x = column(token);
    return !kPadded || (y < args.height && x < args.width) ? y * args.width + x : -1;
  }
  /// Its place in the padded map.
  __device__ int padded_place(int token) const {
    return row(token) * args.padded_width + column(token);
  }
  /// Of the padded map.
  __device__ int row(int token) const {
    const int y = first_y + token / kWindow;
    return y - (y >= args.padded_height ? args.padded_height : 0);
  }
  __device__ int column(int token) const {
    const int x = first_x + token % kWindow;
    return x - (x >= args.padded_width ? args.padded_width : 0);
  }

  __device__ bool is_split() const { return split_y < kWindow || split_x < kWindow; }
  /// Which part of a split window a token is in.
  __device__ int part(int token) const {
    return (token / kWindow >= split_y ? 2 : 0) + (token % kWindow >= split_x ? 1 : 0);
  }
};

struct TokenPlace {
  int place, part;
};

/// Scores of 16 queries (times √d) by tiles of keys, of which a lane has rows g and g + 8.
template <int kWindow>
using TileScores = float[kKeyTilesOf<kWindow>][4];

/// Lets the scores of one tile of keys begin with the bias as a lane takes it.
__device__ __forceinline__ void start_from_bias(float (&scores)[4], const uint2* bias) {
  const uint2 added = __ldg(bias);
  const float2 upper = __half22float2(reinterpret_cast<const __half2&>(added.x));
  const float2 lower = __half22float2(reinterpret_cast<const __half2&>(added.y));
  scores[0] = upper.x, scores[1] = upper.y;
  scores[2] = lower.x, scores[3] = lower.y;
}

/// Adds `masked` where a query, from `first_query` on, and a key of a split window were apart.
template <int kWindow, typename Place>
__device__ __forceinline__ void mask_parts(TileScores<kWindow>& scores, const Place* tokens,
                                           int first_query, float masked, int g, int i) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int query_part = tokens[first_query + 8 * half + g].part;
#pragma unroll
    for (int k = 0; k < 2 * kKeyTilesOf<kWindow>; ++k) {
      const int key = 8 * (k / 2) + 2 * i + k % 2;
      if (tokens[key].part != query_part) scores[k / 2][2 * half + k % 2] += masked;
    }
  }
}

/// The largest score of the row of one half.
template <int kWindow>
__device__ __forceinline__ float largest_of_row(const TileScores<kWindow>& scores, int half) {
  float most = scores[0][2 * half];
#pragma unroll
  for (int j = 0; j < kKeyTilesOf<kWindow>; ++j) {
    most = fmaxf(most, fmaxf(scores[j][2 * half], scores[j][2 * half + 1]));
  }
  most = fmaxf(most, __shfl_xor_sync(kFullWarp, most, 1));
  return fmaxf(most, __shfl_xor_sync(kFullWarp, most, 2));
}

}  // namespace omniq::kernels::detail
