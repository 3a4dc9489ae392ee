// How an octet reaches shared memory for the backward kernel on tensor cores, what a block makes of
// it for all its warps, and the sums over its channels.
#pragma once

#include "kernels/selective_scan/tensor_cores/walk.cuh"

namespace omniq::kernels::detail {

template <typename T>
struct GradientParameters : ProductParameters<T> {
  Rows<const T> grad_y, found_ungated;
  Rows<T> grad_u, grad_delta, grad_z;
  const float* found_adjoints;   // before each chunk if zero after it; to read
  float *grad_skip, *grad_bias;  // [sequences, chunks, channels]
  float* shares;                 // [channel blocks, sequences, octets, SharesLayout::kQuads, 32, 8]
};

/// Operands of an octet, by lane: `C` and `B` to sum over states, `C_inputs` over tokens. C_B holds
/// C of the later of two tokens times φ ⊙ B of the earlier, 0 for a token and itself, whose own is
/// `diagonal`, without φ.
template <int kStates>
struct BackwardOperands {
  static constexpr int kItems = OctetOperands<kStates>::kItems;
  static constexpr int kProducts = OctetOperands<kStates>::kProducts;

  uint4 C[kItems][32], B[kItems][32], C_inputs[kItems][32];
  uint2 C_B[kProducts][32];
  float diagonal[kOctetTokens];
};

/// What a warp puts in the place of its inputs, once it has read them, for the end of its pass:
/// registers are few.
struct KeptInputs {
  float4 steps[32], slopes[32];
  uint2 u[32];
};

/// What is in shared memory of one octet.
template <typename T, int kStates>
struct BackwardBuffer {
  static constexpr int kRow = kStates + 8;  // elements from row to row: no bank conflicts
  enum Tensor { kU, kDelta, kGradY, kGate, kUngated, kTensors };

  BackwardOperands<kStates> operands;
  T B[kOctetTokens][kRow], C[kOctetTokens][kRow];
  T inputs[kProductWarps][kTensors][kOctetTokens][kWarpChannels];  // as in StageBuffer
  unsigned char live[kOctetTokens];

  static_assert(sizeof(inputs[0]) == sizeof(KeptInputs));
  __device__ __forceinline__ KeptInputs& kept(int warp) {
    return reinterpret_cast<KeptInputs&>(inputs[warp]);
  }
  /// As in StageBuffer: two tensors, for ldmatrix.
  __device__ __forceinline__ const T* input_matrix(int warp, int lane, int tensor) const {
    const int t = lane % 8, half = lane / 8 % 2;
    const int of = min(tensor + lane / 16, kTensors - 1);
    return &inputs[warp][of][t][(half ^ t / 4) * 8];
  }
};

/// What a warp adds to sums over channels: quads of words, eight bfloat16 numbers of a lane. Of two
/// blocks of states each, the gradients of C and then of B; then products of tokens and, in the
/// last two words, of each with itself: of lane % 4 · 2 and the next, as a sum of two numbers.
template <int kStates>
struct SharesLayout {
  static constexpr int kStateQuads = kStates / (2 * kBlockStates);
  static constexpr int kPairQuads = (kPowerNodes + 2) / 4;
  static_assert(4 * kPairQuads == kPowerNodes + 2);
  static constexpr int kFirstPairQuad = 2 * kStateQuads;
  static constexpr int kQuads = kFirstPairQuad + kPairQuads;
  static constexpr int kFloats = kQuads * 32 * 8;
};

template <typename T, int kStates>
struct BackwardShared : ProductConstants<kStates> {
  using Buffer = BackwardBuffer<T, kStates>;
  using Shares = SharesLayout<kStates>;
  static_assert(Shares::kQuads * 32 <= kProductThreads);

  Buffer octets[2];  // the one that is worked on, and the next
  uint4 shares[kProductWarps][Shares::kQuads][32];
  float4 channel_sums[kProductWarps][32];  // of a lane's channels: dD, then d bias
  StepRows<const T> rows[Buffer::kTensors], rows_B, rows_C;
  StepRows<T> rows_u, rows_delta, rows_z;
  StepRows<const unsigned char> rows_mask;
};

/// φ ⊙ C, or φ ⊙ B, of a lane's states.
template <typename T>
__device__ __forceinline__ uint4 weigh_states(unsigned low, unsigned high, const uint4& weights) {
  low = as_bf16<T>(low), high = as_bf16<T>(high);
  return {multiply_pairs(low, weights.x), multiply_pairs(high, weights.y),
          multiply_pairs(low, weights.z), multiply_pairs(high, weights.w)};
}

/// Prepares what belongs to one pair of nodes. By a warp: `C` and C_B, or else `B` and `C_inputs`.
template <bool kOfC, typename T, int kStates, int kPair, int kFirst, int kEnd>
__device__ __forceinline__ void prepare_gradients(PairOf<kPair, kFirst, kEnd> /*pair*/,
                                                  BackwardBuffer<T, kStates>& octet,
                                                  const ProductConstants<kStates>& constants,
                                                  int lane, int product) {
  auto& out = octet.operands;
  const int row = lane % 8;
  float C_B[4] = {};
#pragma unroll
  for (int block = kFirst; block < kEnd; ++block) {
    const int column = block * kBlockStates + lane / 8 % 2 * 8;
    const int item = power_item(block, kPair);
    const uint4 weights_C = constants.weights_C[item][lane % 4];
    unsigned states[4];
    if constexpr (kOfC) {
      load_matrices(states, &(lane < 16 ? octet.C : octet.B)[row][column]);
      const uint4 weighted = weigh_states<T>(states[0], states[1], weights_C);
      out.C[item][lane] = weighted;
      // C · (φ ⊙ B) is (φ ⊙ C) · B.
      multiply_half<__nv_bfloat16>(C_B, {weighted.x, weighted.z, weighted.y, weighted.w},
                                   {as_bf16<T>(states[2]), as_bf16<T>(states[3])});
    } else {
      unsigned tokens[2];
      load_matrices(states, &octet.B[row][column]);
      load_transposed(tokens, &octet.C[row][column]);
      out.B[item][lane] = weigh_states<T>(states[0], states[1], weights_C);
      const unsigned first = as_bf16<T>(tokens[0]), second = as_bf16<T>(tokens[1]);
      const uint4 b = constants.weights_B[item][lane / 4];
      out.C_inputs[item][lane] = {multiply_pairs(first, b.x), multiply_pairs(first, b.y),
                                  multiply_pairs(second, b.z), multiply_pairs(second, b.w)};
    }
  }
  if constexpr (kOfC) {
    const int i = lane / 4, j = lane % 4 * 2;
    const auto both_ways = [&](float first, float second) {
      const unsigned later = pack_bf16(first, second), earlier = transpose_matrix(later);
      const unsigned low = j < i ? later : (j > i ? earlier : 0U);
      const unsigned high = j + 1 < i ? later : (j + 1 > i ? earlier : 0U);
      return (low & 0xffffU) | (high & 0xffff0000U);
    };
    const unsigned first = both_ways(C_B[0], C_B[1]), second = both_ways(C_B[2], C_B[3]);
    out.C_B[product][lane] = {first, second};
  }
}

/// `diagonal`, by a warp.
template <typename T, int kStates>
__device__ __forceinline__ void prepare_diagonal(BackwardBuffer<T, kStates>& octet, int lane) {
  float C_B[4] = {};
#pragma unroll
  for (int block = 0; block < kStates / kBlockStates; ++block) {
    const int row = lane % 8, column = block * kBlockStates + lane / 8 % 2 * 8;
    unsigned states[4];
    load_matrices(states, &(lane < 16 ? octet.C : octet.B)[row][column]);
    const unsigned left[4] = {as_bf16<T>(states[0]), 0U, as_bf16<T>(states[1]), 0U};
    multiply_half<__nv_bfloat16>(C_B, left, {as_bf16<T>(states[2]), as_bf16<T>(states[3])});
  }
  const int i = lane / 4;
  if (i / 2 == lane % 4) octet.operands.diagonal[i] = i % 2 == 0 ? C_B[0] : C_B[1];
}

/// Prepares an octet. By all of a block's warps.
template <typename T, int kStates>
__device__ __forceinline__ void prepare_octet(BackwardBuffer<T, kStates>& octet,
                                              const ProductConstants<kStates>& constants,
                                              const ProductPlace& place) {
  constexpr int kSharing = kProductWarps / 2;
  const int lane = place.lane(), part = place.warp() % kSharing;
  if (place.warp() < kSharing) {
    prepare_part<kStates>(part, [&](auto pair, int product) {
      prepare_gradients<true>(pair, octet, constants, lane, product);
    });
  } else {
    prepare_part<kStates>(part, [&](auto pair, int product) {
      prepare_gradients<false>(pair, octet, constants, lane, product);
      if constexpr (std::is_same_v<decltype(pair), PairOf<1, 0, 1>>) prepare_diagonal(octet, lane);
    });
  }
}

/// Finds the rows that the block reads and writes. By one thread; a barrier ends it.
template <typename T, int kStates>
__device__ __forceinline__ void place_gradient_rows(const GradientParameters<T>& p,
                                                    const ProductPlace& place,
                                                    BackwardShared<T, kStates>& shared) {
  using Buffer = BackwardBuffer<T, kStates>;
  const bool gated = p.args.z.data != nullptr;
  const auto rows_of = [&](const auto& rows) {
    return StepRows(rows, place.direction, place.clip, place.begin, p.args.tokens);
  };
  shared.rows[Buffer::kU] = rows_of(p.args.u);
  shared.rows[Buffer::kDelta] = rows_of(p.args.delta);
  shared.rows[Buffer::kGradY] = rows_of(p.grad_y);
  shared.rows[Buffer::kGate] = rows_of(gated ? p.args.z : p.args.u);
  shared.rows[Buffer::kUngated] = rows_of(gated ? p.found_ungated : p.args.u);
  shared.rows_B = rows_of(p.args.B);
  shared.rows_C = rows_of(p.args.C);
  shared.rows_u = rows_of(p.grad_u);
  shared.rows_delta = rows_of(p.grad_delta);
  shared.rows_z = rows_of(p.grad_z);
  shared.rows_mask = rows_of(Rows<const unsigned char>{
      reinterpret_cast<const unsigned char*>(p.args.mask), 0, p.args.tokens, 1});
}

/// Starts to bring in B and C; steps beyond the end are read from the last.
template <typename T, int kStates>
__device__ __forceinline__ void fetch_octet_states(BackwardShared<T, kStates>& shared,
                                                   BackwardBuffer<T, kStates>& to,
                                                   const ProductPlace& place, int octet) {
  constexpr int kVector = 8, kOfRow = kStates / kVector, kOfTensor = kOctetTokens * kOfRow;
  static_assert(kProductThreads >= 2 * kOfTensor);
  const int thread = static_cast<int>(place.thread);
  if (thread >= 2 * kOfTensor) return;
  const bool is_C = thread >= kOfTensor;
  const int t = thread % kOfTensor / kOfRow, column = thread % kOfRow * kVector;
  const int step = min(octet * kOctetTokens + t, place.steps - 1);
  copy_async16(&(is_C ? to.C : to.B)[t][column],
               (is_C ? shared.rows_C : shared.rows_B).row(step) + column);
}

/// Starts to bring in the inputs of a warp's channels; steps and channels beyond the end are read
/// from the last.
template <typename T, int kStates>
__device__ __forceinline__ void fetch_octet_inputs(const GradientParameters<T>& p,
                                                   const BackwardShared<T, kStates>& shared,
                                                   BackwardBuffer<T, kStates>& octet,
                                                   const ProductPlace& place, int index) {
  constexpr int kTensors = BackwardBuffer<T, kStates>::kTensors;
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);
  const auto step = [&](int t) { return min(index * kOctetTokens + t, place.steps - 1); };
  auto& to = octet.inputs[place.warp()];
  if (place.first_channel >= channels) return;
  if (p.vectors) {
    const int t = lane % 16 / 2, half = lane % 2;
    const int channel = min(place.first_channel + half * 8, channels - 8);
#pragma unroll
    for (int i = 0; i < (kTensors + 1) / 2; ++i) {
      const int tensor = 2 * i + lane / 16;
      if (tensor >= kTensors) continue;
      copy_async16(&to[tensor][t][(half ^ t / 4) * 8], shared.rows[tensor].row(step(t)) + channel);
    }
    return;
  }
  const int c = lane % kWarpChannels, channel = min(place.first_channel + c, channels - 1);
#pragma unroll
  for (int i = 0; i < kTensors; ++i) {
#pragma unroll
    for (int t = lane / kWarpChannels; t < kOctetTokens; t += 2) {
      to[i][t][c ^ t / 4 * 8] = shared.rows[i].row(step(t))[channel];
    }
  }
}

/// Adds up the shares of a block's warps, which a barrier has ended, in a fixed order.
template <typename T, int kStates>
__device__ __forceinline__ void sum_shares(const GradientParameters<T>& p,
                                           const BackwardShared<T, kStates>& shared,
                                           const ProductPlace& place, int octet) {
  using Layout = SharesLayout<kStates>;
  const int thread = static_cast<int>(place.thread), quad = thread / 32;
  if (quad >= Layout::kQuads) return;
  const int first = place.first_channel - place.warp() * kWarpChannels;
  const int channels = static_cast<int>(p.args.channels);
  const int warps =
      min((channels - first + kWarpChannels - 1) / kWarpChannels, static_cast<int>(kProductWarps));
  float sum[8] = {};
#pragma unroll 4
  for (int warp = 0; warp < warps; ++warp) {
    const uint4 share = shared.shares[warp][quad][thread % 32];
    const unsigned words[4] = {share.x, share.y, share.z, share.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const float2 two = unpack<__nv_bfloat16>(words[i]);
      sum[2 * i] += two.x, sum[2 * i + 1] += two.y;
    }
  }
  const std::int64_t sequences = p.args.directions * p.args.clips;
  const std::int64_t octets = (p.args.tokens + kOctetTokens - 1) / kOctetTokens;
  const std::int64_t channel_block = first / kProductChannels, sequence = place.chunk / p.chunks;
  float* const to =
      p.shares +
      ((channel_block * sequences + sequence) * octets + place.begin / kOctetTokens + octet) *
          Layout::kFloats +
      thread * 8;
  reinterpret_cast<float4*>(to)[0] = {sum[0], sum[1], sum[2], sum[3]};
  reinterpret_cast<float4*>(to)[1] = {sum[4], sum[5], sum[6], sum[7]};
}

/// Calls work(octet, buffer) for all octets from the last to the first, in each warp that has
/// channels, and sums their shares.
template <typename T, int kStates, typename Work>
__device__ __forceinline__ void for_each_octet_back(const GradientParameters<T>& p,
                                                    const ProductPlace& place,
                                                    BackwardShared<T, kStates>& shared,
                                                    const Work& work) {
  const int thread = static_cast<int>(place.thread);
  const int octets = (place.steps + kOctetTokens - 1) / kOctetTokens;
  const auto octet_at = [&](int i) { return octets - 1 - i; };
  const auto buffer = [&](int i) -> auto& { return shared.octets[i & 1]; };
  const auto fetch_states_at = [&](int i) {
    if (i < octets) fetch_octet_states(shared, buffer(i), place, octet_at(i));
  };
  const auto fetch_inputs_at = [&](int i) {
    if (i < octets) fetch_octet_inputs(p, shared, buffer(i), place, octet_at(i));
  };
  const auto is_live = [&](int i) {
    const int step = octet_at(i) * kOctetTokens + thread;
    if (i >= octets || thread >= kOctetTokens || step >= place.steps) return false;
    return p.args.mask == nullptr || *shared.rows_mask.row(step) != 0;
  };
  const auto place_live = [&](int i, bool live) {
    if (thread < kOctetTokens) buffer(i).live[thread] = live;
  };

  if (thread == 0) place_gradient_rows(p, place, shared);
  __syncthreads();
  fetch_states_at(0);
  fetch_inputs_at(0);
  end_of_group();
  place_weights(p.weights, shared, thread);
  place_channels(p.args, place, shared);
  // The first turn does nothing but prepare: so there is that code once.
  for (int i = -1; i < octets; ++i) {
    wait_for_tiles<0>();
    // This octet is prepared, and what the next is prepared from is here; the octet before and its
    // shares are done with.
    __syncthreads();
    fetch_states_at(i + 2);
    if (i >= 0) fetch_inputs_at(i + 1);
    end_of_group();
    // Half of the warps prepare before they work, the others after it.
#pragma unroll 1
    for (int turn = 0; turn < 2; ++turn) {
      if (turn == place.warp() % 2) {
        if (i + 1 == octets) continue;
        const bool live = is_live(i + 1);
        prepare_octet<T, kStates>(buffer(i + 1), shared, place);
        place_live(i + 1, live);
      } else if (i >= 0 && place.first_channel < p.args.channels) {
        work(octet_at(i), buffer(i));
      }
    }
    if (i < 0) continue;
    __syncthreads();
    sum_shares(p, shared, place, octet_at(i));
  }
}

}  // namespace omniq::kernels::detail
