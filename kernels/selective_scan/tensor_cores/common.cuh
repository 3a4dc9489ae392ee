// What the kernels of the scan on tensor cores share; the idea of them.
//
// With linear rates the decay of state n (from 1) from token j to token i is x^n with
// x = exp(−a (S_i − S_j)), a the channel's rate and S the running sum of Δ. With the nodes m and
// weights φ of powers.h, x^n ≈ Σ_k φ_k(n) x^m_k, so that what the states give to an
// output, or a token to the states, is a sum over a few k of a power that belongs to channel and
// token, times a product of matrices that all channels share. A warp has 16 channels, and their
// states [16 × N] in float32 in the layout of tensor cores' results; it walks the sequence in
// octets of 8 tokens:
//
//   y_i  = Σ_k x_i^m_k (h · (φ_k ⊙ C_i))                h as it is before the octet, x_i from there
//        + Σ_k Σ_j x_ij^m_k u'_j (C_i · (φ_k ⊙ B_j))    j ≤ i in the octet, u' = Δ u
//   h   <- x^n h + Σ_k Σ_j (x_j^m_k u'_j) (φ_k ⊙ B_j)   x_j from token j to the end of the octet
//
// Products take bfloat16, also for float16 inputs, whose range states may leave, and sum in
// float32. Decays of the state itself are exact, so that what nodes and bfloat16 cost (4e-3 of y)
// does not grow with the sequence.
//
// φ ⊙ C, φ ⊙ B and C · (φ ⊙ B) are prepared by a block for all its channels, in the form that
// lanes need as operands, for two octets (a stage) at a time. While its warps work on one stage,
// they prepare the next, and the inputs of the one after that are on their way.
#pragma once

#include "kernels/common/cuda_half_products.cuh"
#include "kernels/common/cuda_tiles.cuh"
#include "kernels/selective_scan/cuda/layout.cuh"
#include "kernels/selective_scan/powers.h"

namespace omniq::kernels::detail {

inline constexpr int kProductWarps = 12;
inline constexpr int kProductThreads = kProductWarps * 32;
inline constexpr int kWarpChannels = 16;
inline constexpr int kProductChannels = kProductWarps * kWarpChannels;
static_assert(kProductChannels == kScanProductChannels);
inline constexpr int kOctetTokens = 8;
inline constexpr int kStageOctets = 2;
inline constexpr int kStageTokens = kStageOctets * kOctetTokens;
static_assert(kStageTokens == kScanStageTokens);

/// In base 2, of one token and channel: 2^−100 is nothing, and sums over an octet stay precise.
inline constexpr float kMostStepDecay = 100.F;

/// Operands of an octet, by lane: of a block of states and a pair of nodes; and the products C · B
/// of both nodes of a pair, [j × i], 0 where j > i. Two warps make those of the last two pairs,
/// each for some blocks, and leave it to the reader to add them.
template <int kStates>
struct OctetOperands {
  static constexpr int kItems = power_items(kStates / kBlockStates);
  static constexpr int kProducts = kPowerPairs + 2;
  uint4 C[kItems][32], B[kItems][32];
  uint2 C_B[kProducts][32];

  /// The second place of a pair in C_B; that of a pair without one is kProducts.
  __device__ static constexpr int second_product(int pair) {
    return pair < kPowerPairs - 2 ? kProducts : pair + 2;
  }
};

/// What is in shared memory of one stage.
template <typename T, int kStates>
struct StageBuffer {
  static constexpr int kRow = kStates + 8;  // elements from row to row: no bank conflicts
  static constexpr int kTensors = 3;        // u, delta, z

  OctetOperands<kStates> octets[kStageOctets];
  T B[kStageTokens][kRow], C[kStageTokens][kRow];
  // Of a warp's channels. The two halves of a row change places with every four rows: no bank
  // conflicts.
  T inputs[kProductWarps][kTensors][kStageTokens][kWarpChannels];
  unsigned char live[kStageTokens];  // a token, and not masked

  /// For ldmatrix: where a lane finds a row of `tensor` (or, from lane 16 on, of the next) of eight
  /// tokens and eight of its warp's channels.
  __device__ __forceinline__ const T* input_matrix(int warp, int lane, int tensor,
                                                   int in_stage) const {
    const int t = in_stage + lane % 8, half = lane / 8 % 2;
    return &inputs[warp][tensor + (tensor == 0 ? lane / 16 : 0)][t][(half ^ t / 4 % 2) * 8];
  }
};

/// What stays the same for a block: weights, and what belongs to its channels.
template <int kStates>
struct ProductConstants {
  static constexpr int kItems = OctetOperands<kStates>::kItems;

  uint4 weights_C[kItems][4], weights_B[kItems][8];      // by column and row of a lane
  float bias[kProductChannels], rate[kProductChannels];  // the latter times log2(e)
  float skip[kProductChannels];
};

template <typename T, int kStates>
struct ProductShared : ProductConstants<kStates> {
  StageBuffer<T, kStates> stages[2];  // the one that is worked on, and the next
  StepRows<const T> rows[StageBuffer<T, kStates>::kTensors], rows_B, rows_C;
  StepRows<T> rows_y, rows_ungated;
  StepRows<const unsigned char> rows_mask;
};

template <typename T>
struct ProductParameters {
  CudaScanArguments<T> args;
  Rows<T> y, ungated;
  const float *found_ends, *found_exponents;  // of all chunks; to read
  float *ends, *exponents;                    // the same, to write
  uint4* octet_states;                        // before each octet, see octet_states()
  int chunk_length, chunks, channel_blocks;
  bool vectors;  // 8 channels of u, delta and z can be read at once
  bool pairs;    // two channels of what is written can be written at once
  PowerWeights weights;
};

/// What a block, and a warp of it, work on.
struct ProductPlace {
  std::int64_t direction, clip, begin;  // begin: the chunk's first step
  std::int64_t chunk;                   // of all chunks of all sequences
  int steps, first_channel;
  unsigned thread;

  __device__ __forceinline__ int warp() const { return static_cast<int>(thread / 32); }
  __device__ __forceinline__ int lane() const { return static_cast<int>(thread % 32); }

  template <typename T>
  __device__ __forceinline__ explicit ProductPlace(const ProductParameters<T>& p) {
    // Kept in a register: the compiler would read it anew each time, and wait for that.
    asm volatile("mov.u32 %0, %%tid.x;" : "=r"(thread));
    const auto blocks = static_cast<unsigned>(p.channel_blocks);
    const auto chunks = static_cast<unsigned>(p.chunks);
    const unsigned sequence = blockIdx.x / blocks / chunks;
    chunk = blockIdx.x / blocks;
    clip = sequence % static_cast<unsigned>(p.args.clips);
    direction = sequence / static_cast<unsigned>(p.args.clips);
    begin = static_cast<std::int64_t>(blockIdx.x / blocks % chunks) * p.chunk_length;
    steps = static_cast<int>(min(static_cast<std::int64_t>(p.chunk_length), p.args.tokens - begin));
    first_channel =
        static_cast<int>(blockIdx.x % blocks) * kProductChannels + warp() * kWarpChannels;
  }
  __device__ __forceinline__ int stages() const {
    return (steps + kStageTokens - 1) / kStageTokens;
  }
};

__device__ __forceinline__ unsigned multiply_pairs(unsigned a, unsigned b) {
  const __nv_bfloat162 product = __hmul2(reinterpret_cast<const __nv_bfloat162&>(a),
                                         reinterpret_cast<const __nv_bfloat162&>(b));
  return reinterpret_cast<const unsigned&>(product);
}

/// Two neighbours of T as floats, and as bfloat16.
template <typename T>
__device__ __forceinline__ float2 unpack(unsigned pair) {
  if constexpr (std::is_same_v<T, __half>) {
    return __half22float2(reinterpret_cast<const __half2&>(pair));
  } else {
    return {__uint_as_float(pair << 16), __uint_as_float(pair & 0xffff0000U)};
  }
}
template <typename T>
__device__ __forceinline__ unsigned as_bf16(unsigned pair) {
  if constexpr (std::is_same_v<T, __half>) {
    const float2 x = unpack<T>(pair);
    return pack_bf16(x.x, x.y);
  } else {
    return pair;
  }
}
/// What a lane has of a channel-by-token matrix [16 × 8]: channels g and g + 8, two tokens each.
using LaneTokens = float[2][2];

/// The powers of x that are nodes, made one after the other from those before.
template <int kCount>
struct NodePowers {
  float of[kPowerNodes][kCount];

  template <typename X>
  __device__ __forceinline__ explicit NodePowers(const X& x) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) of[0][i] = x(i);
  }
  /// The node `k` > 0, after all before it.
  __device__ __forceinline__ void find(int k) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) of[k][i] = of[node_term(k, 0)][i] * of[node_term(k, 1)][i];
  }
  __device__ __forceinline__ void find_pair(int pair) {
    if (pair > 0) find(2 * pair);
    find(2 * pair + 1);
  }
};

/// Of the block's channels that of a lane: g or g + 8 of its warp.
__device__ __forceinline__ int lane_channel(const ProductPlace& place, int half) {
  return place.warp() * kWarpChannels + place.lane() / 4 + half * 8;
}

/// Stores a warp's channels of an octet that starts at step `begin`. pairs: two channels at once.
template <typename T>
__device__ __forceinline__ void store_tokens(const StepRows<T>& rows, const ProductPlace& place,
                                             int begin, int channels, bool pairs,
                                             const LaneTokens& values) {
  const int t = begin + place.lane() / 4, channel = place.first_channel + place.lane() % 4 * 2;
  T* const to = rows.row(t) + channel;
  // Two tokens of a channel become two channels of a token.
  const unsigned low = transpose_matrix(pack_half<T>(values[0][0], values[0][1]));
  const unsigned high = transpose_matrix(pack_half<T>(values[1][0], values[1][1]));
  const int left = t < place.steps ? channels - channel : 0;
  if (pairs) {
    if (left > 0) *reinterpret_cast<unsigned*>(to) = low;
    if (left > 8) *reinterpret_cast<unsigned*>(to + 8) = high;
  } else {
    const T one[4] = {
        reinterpret_cast<const T(&)[2]>(low)[0], reinterpret_cast<const T(&)[2]>(low)[1],
        reinterpret_cast<const T(&)[2]>(high)[0], reinterpret_cast<const T(&)[2]>(high)[1]};
    if (left > 0) to[0] = one[0];
    if (left > 1) to[1] = one[1];
    if (left > 8) to[8] = one[2];
    if (left > 9) to[9] = one[3];
  }
}

/// softplus() of it is 0.
inline constexpr float kNoStep = -1e30F;

/// What a lane knows of an octet: of its channels g and g + 8 and its tokens.
template <typename T>
struct OctetInputs {
  unsigned u[2], input[2];   // of both tokens: u, and Δ u as bfloat16
  LaneTokens steps, slopes;  // Δ, and its derivative by what softplus() is taken of
  LaneTokens sums;           // of decays up to and with the token, in base 2
  float total[2];            // of the octet
  float first[2];            // of its first token

  /// words: u and delta of the octet; live: of its tokens.
  template <int kStates>
  __device__ __forceinline__ OctetInputs(const unsigned (&words)[4],
                                         const ProductConstants<kStates>& constants,
                                         const ProductPlace& place, const unsigned char* live) {
    const int lane = place.lane(), column = lane % 4;
    const uchar2 moves = *reinterpret_cast<const uchar2*>(live + 2 * column);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int channel = lane_channel(place, half);
      const float bias = constants.bias[channel], rate = constants.rate[channel];
      const float2 us = unpack<T>(words[half]), deltas = unpack<T>(words[2 + half]);
      const Softplus of_first = softplus(moves.x != 0 ? deltas.x + bias : kNoStep);
      const Softplus of_second = softplus(moves.y != 0 ? deltas.y + bias : kNoStep);
      steps[half][0] = of_first.value, steps[half][1] = of_second.value;
      slopes[half][0] = of_first.slope, slopes[half][1] = of_second.slope;
      u[half] = words[half];
      input[half] = pack_bf16(of_first.value * us.x, of_second.value * us.y);
      const float a = fminf(of_first.value * rate, kMostStepDecay);
      const float b = fminf(of_second.value * rate, kMostStepDecay);
      float up_to = a + b;  // with the lanes before
#pragma unroll
      for (int distance = 1; distance < 4; distance *= 2) {
        const float before = __shfl_up_sync(kFullWarp, up_to, distance, 4);
        if (column >= distance) up_to += before;
      }
      sums[half][0] = up_to - b, sums[half][1] = up_to;
      total[half] = __shfl_sync(kFullWarp, up_to, lane | 3);
      first[half] = __shfl_sync(kFullWarp, sums[half][0], lane & ~3);
    }
  }
};

/// For an octet's tokens the powers of what is left of them at a time `later` (in base 2) than its
/// end.
template <typename T>
__device__ __forceinline__ NodePowers<4> powers_to_end(const OctetInputs<T>& in,
                                                       const float (&later)[2]) {
  return NodePowers<4>(
      [&](int i) { return fast_exp2(in.sums[i / 2][i % 2] - (in.total[i / 2] + later[i / 2])); });
}

/// The inputs of an octet's tokens, times those powers that are a pair of nodes, as left operand.
__device__ __forceinline__ void weigh_inputs(const unsigned (&input)[2],
                                             const NodePowers<4>& powers, int pair,
                                             unsigned (&weighed)[4]) {
#pragma unroll
  for (int e = 0; e < 4; ++e) {
    const float(&power)[4] = powers.of[2 * pair + e / 2];
    weighed[e] = multiply_pairs(pack_bf16(power[e % 2 * 2], power[e % 2 * 2 + 1]), input[e % 2]);
  }
}

/// The states of a warp, as results [16 × 8] one beside the other.
template <int kStates>
using WarpStates = float[kStates / 8][4];

/// h += weighed inputs · (φ ⊙ B), for a block of states and one of the pairs of nodes that serve
/// it.
template <int kStates, int kItems>
__device__ __forceinline__ void add_inputs(WarpStates<kStates>& h, const unsigned (&weighed)[4],
                                           const uint4 (&operands)[kItems][32], int block, int pair,
                                           int lane) {
  const uint4 B = operands[power_item(block, pair)][lane];
  multiply_half<__nv_bfloat16>(h[2 * block], weighed, {B.x, B.y});
  multiply_half<__nv_bfloat16>(h[2 * block + 1], weighed, {B.z, B.w});
}

}  // namespace omniq::kernels::detail
