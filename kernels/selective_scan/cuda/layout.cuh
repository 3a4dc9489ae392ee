// What the kernels of both passes of the scan share: how states and channels are laid out over a
// warp, and sums over it.
//
// A thread holds 8 neighbouring states of a few channels; states / 8 lanes make a group that holds
// all states of its channels, and a warp has as many groups as fit. So a value of B or C that a
// thread reads serves several channels, and a sum over states is a few shuffles.
#pragma once

#include "kernels/common/cuda_math.cuh"
#include "kernels/common/cuda_resident.cuh"
#include "kernels/selective_scan/cuda/launch.h"

namespace omniq::kernels::detail {

inline constexpr int kLaneStates = 8;

template <int kStates>
struct WarpLayout {
  static constexpr int kGroupLanes = kStates / kLaneStates;
  static constexpr int kGroups = 32 / kGroupLanes;
};

/// The rows of one sequence (a clip in one direction) from step `first` of the scan on: step t is
/// at row(t). In direction 1 the step back in memory is the step on in the scan.
template <typename T>
struct StepRows {
  T* first = nullptr;
  int stride = 0;

  __device__ __forceinline__ StepRows(const Rows<T>& rows, std::int64_t direction,
                                      std::int64_t clip, std::int64_t first_step,
                                      std::int64_t tokens) {
    if (rows.data == nullptr) return;
    const bool reversed = direction == 1;
    const std::int64_t token = reversed ? tokens - 1 - first_step : first_step;
    first = rows.data + direction * rows.direction + clip * rows.clip + token * rows.token;
    stride = static_cast<int>(reversed ? -rows.token : rows.token);
  }
  __device__ __forceinline__ T* row(int t) const {
    return first + static_cast<std::int64_t>(t) * stride;
  }
};

/// How a block's threads go over the channels (columns) of many steps (rows): each keeps to one
/// column, or two, so that what belongs to a channel is read once.
template <int kThreads, int kBlockChannels>
struct TileMap {
  static constexpr int kColumns = kBlockChannels < kThreads ? kBlockChannels : kThreads;
  static constexpr int kRepeats = kBlockChannels / kColumns;
  static constexpr int kRows = kThreads / kColumns;
};

/// Loads that a thread has in flight for each tensor.
inline constexpr int kBatch = 5;

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

/// Sums kCount values over the lanes of a group, so that the work is halved with each step: lanes
/// end up with different ones of them. `store(index, sum)` is called by one lane for each.
template <int kLanes, int kCount, int kAlike = 0, typename Store>
__device__ __forceinline__ void sum_over_group(float (&v)[kCount], int lane, const Store& store,
                                               int index = 0) {
  if constexpr (kLanes == 1) {
    if ((lane & kAlike) != 0) return;  // another lane has the same
#pragma unroll
    for (int i = 0; i < kCount; ++i) store(index + i, v[i]);
  } else if constexpr (kCount == 1) {
    v[0] += __shfl_xor_sync(kFullWarp, v[0], kLanes / 2);
    sum_over_group<kLanes / 2, 1, kAlike | kLanes / 2>(v, lane, store, index);
  } else {
    constexpr int kHalf = kCount / 2;
    const bool upper = (lane & (kLanes / 2)) != 0;
    float kept[kHalf];
#pragma unroll
    for (int i = 0; i < kHalf; ++i) {
      const float sent = upper ? v[i] : v[kHalf + i];
      kept[i] = (upper ? v[kHalf + i] : v[i]) + __shfl_xor_sync(kFullWarp, sent, kLanes / 2);
    }
    sum_over_group<kLanes / 2, kHalf, kAlike>(kept, lane, store, index + (upper ? kHalf : 0));
  }
}

}  // namespace omniq::kernels::detail
