// What the kernels of both passes of the scan share: how states and channels are laid out over a
// warp, and sums over it.
//
// A thread holds 8 neighbouring states of a few channels; states / 8 lanes make a group that holds
// all states of its channels, and a warp has as many groups as fit. So a value of B or C that a
// thread reads serves several channels, and a sum over states is a few shuffles.
#pragma once

#include "kernels/common/cuda_math.cuh"
#include "kernels/selective_scan/selective_scan_cuda.h"

namespace omniq::kernels::detail {

inline constexpr int kLaneStates = 8;

template <int kStates>
struct WarpLayout {
  static constexpr int kGroupLanes = kStates / kLaneStates;
  static constexpr int kGroups = 32 / kGroupLanes;
};

/// The token that step i of a direction works on.
__device__ __forceinline__ std::int64_t token_of(std::int64_t i, bool reversed,
                                                 std::int64_t tokens) {
  return reversed ? tokens - 1 - i : i;
}

/// A channel's decay of 8 states over one step. General: exponent = Δ and rates[j] = A_j log2(e).
/// Linear rates: exponent = −Δ rate log2(e), of which state n has (n + 1) times: from the first of
/// the 8, `first`, powers lead to the others. The products are arranged in three levels, so that
/// the last is as exact as the first.
template <bool kLinear>
__device__ __forceinline__ void decays(float exponent, const float* rates, float first,
                                       float (&out)[kLaneStates]) {
  if constexpr (kLinear) {
    const float q = fast_exp2(exponent);
    const float q2 = q * q;
    const float q4 = q2 * q2;
    out[0] = fast_exp2(exponent * first);
    out[1] = out[0] * q;
    out[2] = out[0] * q2;
    out[3] = out[1] * q2;
#pragma unroll
    for (int j = 0; j < 4; ++j) out[4 + j] = out[j] * q4;
  } else {
#pragma unroll
    for (int j = 0; j < kLaneStates; ++j) out[j] = fast_exp2(exponent * rates[j]);
  }
}

/// Sums four values over the lanes of a group, so that the work is halved with each step: lanes end
/// up with different ones of the four. `store(index, sum)` is called by one lane for each.
template <int kGroupLanes, typename Store>
__device__ __forceinline__ void sum_over_group(float (&v)[4], int lane, const Store& store) {
  static_assert(kGroupLanes >= 2 && kGroupLanes <= 32);
  const int in_group = lane % kGroupLanes;
  constexpr int kHalf = kGroupLanes / 2;
  const bool upper = (in_group & kHalf) != 0;
  float a = upper ? v[2] : v[0];
  float b = upper ? v[3] : v[1];
  const float sent_a = upper ? v[0] : v[2];
  const float sent_b = upper ? v[1] : v[3];
  a += __shfl_xor_sync(kFullWarp, sent_a, kHalf);
  b += __shfl_xor_sync(kFullWarp, sent_b, kHalf);
  const int pair = upper ? 2 : 0;
  if constexpr (kGroupLanes == 2) {
    store(pair, a);
    store(pair + 1, b);
  } else {
    constexpr int kQuarter = kGroupLanes / 4;
    const bool odd = (in_group & kQuarter) != 0;
    float sum = odd ? b : a;
    const float sent = odd ? a : b;
    sum += __shfl_xor_sync(kFullWarp, sent, kQuarter);
#pragma unroll
    for (int lanes = kQuarter / 2; lanes > 0; lanes /= 2) {
      sum += __shfl_xor_sync(kFullWarp, sum, lanes);
    }
    if ((in_group & (kQuarter - 1)) == 0) store(pair + (odd ? 1 : 0), sum);
  }
}

}  // namespace omniq::kernels::detail
