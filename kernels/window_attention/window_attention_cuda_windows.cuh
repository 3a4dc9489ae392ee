// Windows of a map and their tokens, as a warp's lanes have them.
//
// A lane 4g + i has of a token g the i-th quarter of a head's channels, as one vector.
#pragma once

#include <cstdint>

#include "kernels/common/cuda_half_products.cuh"
#include "kernels/window_attention/window_attention_cuda.h"

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

}  // namespace omniq::kernels::detail
