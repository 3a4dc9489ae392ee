// How the inputs of a stage reach shared memory, and what a block makes of them for all its warps.
#pragma once

#include "kernels/selective_scan/tensor_cores/common.cuh"

namespace omniq::kernels::detail {

/// What a kernel does with its stages. kStatesOnly: nothing but inputs to states is prepared, from
/// B alone; kFromEnd: from the last to the first; kTensors: of u, delta and z those that are read.
template <bool kOfStatesOnly, bool kLastFirst, int kRead>
struct Stages {
  static constexpr bool kStatesOnly = kOfStatesOnly, kFromEnd = kLastFirst;
  static constexpr int kTensors = kRead;
};
using ForwardStages = Stages<false, false, 3>;
using StatesStages = Stages<true, false, 2>;
using EndStages = Stages<true, true, 2>;
using AdjointStages = Stages<true, false, 3>;

__device__ __forceinline__ void copy_async16(void* to, const void* from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
               :
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(to))), "l"(from)
               : "memory");
}
__device__ __forceinline__ void load_matrices(unsigned (&to)[4], const void* from) {
  Bf16Products::load_matrices(to, static_cast<const __nv_bfloat16*>(from));
}
__device__ __forceinline__ void load_transposed(unsigned (&to)[4], const void* from) {
  Bf16Products::load_transposed(to, static_cast<const __nv_bfloat16*>(from));
}
__device__ __forceinline__ void load_transposed(unsigned (&to)[2], const void* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(to[0]), "=r"(to[1])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from)))
               : "memory");
}
/// A pair of nodes in the blocks of states from kFirst up to before kEnd.
template <int kPair, int kFirst, int kEnd>
struct PairOf {};

/// Prepares what belongs to that, of one octet. By a warp.
template <bool kStatesOnly, typename T, int kStates, int kPair, int kFirst, int kEnd>
__device__ __forceinline__ void prepare_pair(PairOf<kPair, kFirst, kEnd> /*pair*/,
                                             StageBuffer<T, kStates>& stage,
                                             const ProductShared<T, kStates>& shared, int lane,
                                             int octet, int product) {
  auto& out = stage.octets[octet];
  const int row = octet * kOctetTokens + lane % 8;
  // All loads first: they are waited for together.
  constexpr int kCount = kEnd - kFirst, kSize = kCount > 0 ? kCount : 1;
  unsigned tokens[kSize][2], states[kSize][4];  // B by tokens; C and B by states
  uint4 weights_B[kSize], weights_C[kSize];
#pragma unroll
  for (int n = 0; n < kCount; ++n) {
    const int column = (kFirst + n) * kBlockStates + lane / 8 % 2 * 8;
    const int item = power_item(kFirst + n, kPair);
    load_transposed(tokens[n], &stage.B[row][column]);
    weights_B[n] = shared.weights_B[item][lane / 4];
    if constexpr (!kStatesOnly) {
      load_matrices(states[n], &(lane < 16 ? stage.C : stage.B)[row][column]);
      weights_C[n] = shared.weights_C[item][lane % 4];
    }
  }
  float C_B[4] = {};
#pragma unroll
  for (int n = 0; n < kCount; ++n) {
    const int item = power_item(kFirst + n, kPair);
    const unsigned first = as_bf16<T>(tokens[n][0]), second = as_bf16<T>(tokens[n][1]);
    const uint4 b = weights_B[n];
    out.B[item][lane] = {multiply_pairs(first, b.x), multiply_pairs(first, b.y),
                         multiply_pairs(second, b.z), multiply_pairs(second, b.w)};
    if constexpr (!kStatesOnly) {
      const unsigned low = as_bf16<T>(states[n][0]), high = as_bf16<T>(states[n][1]);
      const uint4 c = weights_C[n];
      const uint4 weighted{multiply_pairs(low, c.x), multiply_pairs(high, c.y),
                           multiply_pairs(low, c.z), multiply_pairs(high, c.w)};
      out.C[item][lane] = weighted;
      const unsigned left[4] = {weighted.x, weighted.z, weighted.y, weighted.w};
      multiply_half<__nv_bfloat16>(C_B, left, {as_bf16<T>(states[n][2]), as_bf16<T>(states[n][3])});
    }
  }
  if constexpr (!kStatesOnly) {
    const int i = lane / 4, j = lane % 4 * 2;
#pragma unroll
    for (int e = 0; e < 4; ++e) C_B[e] = j + e % 2 <= i ? C_B[e] : 0.F;
    out.C_B[product][lane] = {pack_bf16(C_B[0], C_B[1]), pack_bf16(C_B[2], C_B[3])};
  }
}

/// Calls prepare(PairOf, product) for what one of six warps prepares; each has about as much to do.
template <int kStates, typename Prepare>
__device__ __forceinline__ void prepare_part(int part, const Prepare& prepare) {
  constexpr int kBlocks = kStates / kBlockStates;
  static_assert(kPowerPairs == 5);
  constexpr int kFirst[] = {first_block(3), first_block(4)};
  constexpr int kHalf[] = {(kFirst[0] + kBlocks + 1) / 2, (kFirst[1] + kBlocks + 1) / 2};
  switch (part) {
    case 0:
      prepare(PairOf<3, kFirst[0], kHalf[0]>{}, 3);
      break;
    case 1:
      prepare(PairOf<3, kHalf[0], kBlocks>{}, OctetOperands<kStates>::second_product(3));
      break;
    case 2:
      prepare(PairOf<4, kFirst[1], kHalf[1]>{}, 4);
      break;
    case 3:
      prepare(PairOf<4, kHalf[1], kBlocks>{}, OctetOperands<kStates>::second_product(4));
      break;
    case 4:
      prepare(PairOf<2, first_block(2), end_block(2, kBlocks)>{}, 2);
      break;
    default:
      prepare(PairOf<0, 0, 1>{}, 0);
      prepare(PairOf<1, 0, 1>{}, 1);
  }
}

/// Prepares a stage. By all of a block's warps.
template <bool kStatesOnly, typename T, int kStates>
__device__ __forceinline__ void prepare_stage(StageBuffer<T, kStates>& stage,
                                              const ProductShared<T, kStates>& shared,
                                              const ProductPlace& place) {
  constexpr int kSharing = kProductWarps / kStageOctets;  // warps of an octet
  const int lane = place.lane(), octet = place.warp() / kSharing;
  prepare_part<kStates>(place.warp() % kSharing, [&](auto pair, int product) {
    prepare_pair<kStatesOnly>(pair, stage, shared, lane, octet, product);
  });
}

/// The weights as operands: for φ ⊙ C those of a lane's states, for φ ⊙ B those of its state twice.
template <int kStates>
__device__ __forceinline__ void place_weights(const PowerWeights& weights,
                                              ProductConstants<kStates>& shared, int thread) {
  for (int e = thread; e < ProductConstants<kStates>::kItems * 12; e += kProductThreads) {
    const int item = e / 12, place = e % 12;
    const int block = item < 3 ? 0 : (item - 1) / 2;
    const int node = 2 * (item < 3 ? item : (item - 1) % 2);  // of the block's
    const auto weight = [&](int state, int k) -> unsigned {
      return weights.weights[block * kBlockStates + state][node + k];
    };
    if (place < 4) {
      const auto two = [&](int state, int k) {
        return weight(state, k) | weight(state + 1, k) << 16;
      };
      const int state = 2 * place;
      shared.weights_C[item][place] = {two(state, 0), two(state + 8, 0), two(state, 1),
                                       two(state + 8, 1)};
    } else {
      const auto twice = [&](int state, int k) { return weight(state, k) * 0x10001U; };
      const int state = place - 4;
      shared.weights_B[item][place - 4] = {twice(state, 0), twice(state, 1), twice(state + 8, 0),
                                           twice(state + 8, 1)};
    }
  }
}

/// Finds the rows that the block reads and writes. By one thread; a barrier ends it.
template <typename T, int kStates>
__device__ __forceinline__ void place_rows(const ProductParameters<T>& p, const ProductPlace& place,
                                           ProductShared<T, kStates>& shared) {
  const auto rows_of = [&](const auto& rows) {
    return StepRows(rows, place.direction, place.clip, place.begin, p.args.tokens);
  };
  shared.rows[0] = rows_of(p.args.u);
  shared.rows[1] = rows_of(p.args.delta);
  shared.rows[2] = rows_of(p.args.z.data != nullptr ? p.args.z : p.args.u);
  shared.rows_B = rows_of(p.args.B);
  shared.rows_C = rows_of(p.args.C);
  shared.rows_y = rows_of(p.y);
  shared.rows_ungated = rows_of(p.ungated);
  shared.rows_mask = rows_of(Rows<const unsigned char>{
      reinterpret_cast<const unsigned char*>(p.args.mask), 0, p.args.tokens, 1});
}

/// What belongs to the block's channels. A barrier ends it.
template <typename T, int kStates>
__device__ __forceinline__ void place_channels(const CudaScanArguments<T>& args,
                                               const ProductPlace& place,
                                               ProductConstants<kStates>& shared) {
  const int thread = static_cast<int>(place.thread);
  if (thread >= kProductChannels) return;
  const int channel = min(place.first_channel - place.warp() * kWarpChannels + thread,
                          static_cast<int>(args.channels) - 1);
  shared.bias[thread] = args.delta_bias[place.direction * args.bias_direction + channel];
  shared.rate[thread] = args.rates[place.direction * args.rates_direction + channel] * kLog2E;
  shared.skip[thread] = args.D_skip[place.direction * args.D_direction + channel];
}

/// Starts to bring in B and C (for states alone, B); steps beyond the end are read from the last.
template <bool kStatesOnly, typename T, int kStates>
__device__ __forceinline__ void fetch_states(StageBuffer<T, kStates>& to,
                                             const ProductShared<T, kStates>& shared,
                                             const ProductPlace& place, int stage) {
  constexpr int kVector = 8, kOfRow = kStates / kVector;
  const int t = static_cast<int>(place.thread / kOfRow);
  const unsigned column = place.thread % kOfRow * kVector;
  static_assert(kProductThreads >= kStageTokens * kOfRow);
  if (t >= kStageTokens) return;
  const int step = min(stage * kStageTokens + t, place.steps - 1);
  copy_async16(&to.B[t][column], shared.rows_B.row(step) + column);
  if (!kStatesOnly) copy_async16(&to.C[t][column], shared.rows_C.row(step) + column);
}

/// Starts to bring in the inputs of a warp's channels; steps and channels beyond the end are read
/// from the last.
template <int kTensors, typename T, int kStates>
__device__ __forceinline__ void fetch_inputs(const ProductParameters<T>& p,
                                             StageBuffer<T, kStates>& stage,
                                             const ProductShared<T, kStates>& shared,
                                             const ProductPlace& place, int index) {
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);
  const auto step = [&](int t) { return min(index * kStageTokens + t, place.steps - 1); };
  auto& to = stage.inputs[place.warp()];
  if (place.first_channel >= channels) return;
  if (p.vectors) {
    const int t = lane / 2, half = lane % 2;
    const int channel = min(place.first_channel + half * 8, channels - 8);
#pragma unroll
    for (int i = 0; i < kTensors; ++i) {
      copy_async16(&to[i][t][(half ^ t / 4 % 2) * 8], shared.rows[i].row(step(t)) + channel);
    }
    return;
  }
  const int c = lane % kWarpChannels, channel = min(place.first_channel + c, channels - 1);
#pragma unroll
  for (int i = 0; i < kTensors; ++i) {
#pragma unroll 4
    for (int t = lane / kWarpChannels; t < kStageTokens; t += 2) {
      to[i][t][c ^ t / 4 % 2 * 8] = shared.rows[i].row(step(t))[channel];
    }
  }
}

/// Calls work(stage, buffer) for all stages. A block's warps come there on their own; those without
/// channels do not.
template <typename Of, typename T, int kStates, typename Work>
__device__ __forceinline__ void for_each_stage(const ProductParameters<T>& p,
                                               const ProductPlace& place,
                                               ProductShared<T, kStates>& shared,
                                               const Work& work) {
  const int thread = static_cast<int>(place.thread), stages = place.stages();
  constexpr bool kStatesOnly = Of::kStatesOnly;
  const auto stage_at = [&](int i) { return Of::kFromEnd ? stages - 1 - i : i; };
  const auto fetch_states_at = [&](int i) {
    if (i < stages) fetch_states<kStatesOnly>(shared.stages[i % 2], shared, place, stage_at(i));
  };
  const auto fetch_inputs_at = [&](int i) {
    if (i < stages) fetch_inputs<Of::kTensors>(p, shared.stages[i % 2], shared, place, stage_at(i));
  };
  const auto is_live = [&](int i) {
    const int step = stage_at(i) * kStageTokens + thread;
    if (i >= stages || thread >= kStageTokens || step >= place.steps) return false;
    return p.args.mask == nullptr || *shared.rows_mask.row(step) != 0;
  };
  const auto place_live = [&](int i, bool live) {
    if (thread < kStageTokens) shared.stages[i % 2].live[thread] = live;
  };

  if (thread == 0) place_rows(p, place, shared);
  __syncthreads();
  fetch_states_at(0);
  fetch_states_at(1);
  fetch_inputs_at(0);
  end_of_group();
  place_live(0, is_live(0));
  place_weights(p.weights, shared, thread);
  place_channels(p.args, place, shared);
  wait_for_tiles<0>();
  __syncthreads();
  prepare_stage<kStatesOnly>(shared.stages[0], shared, place);
  for (int i = 0; i < stages; ++i) {
    wait_for_tiles<0>();
    // This stage is prepared, and what the next is prepared from is here; the stage before is
    // done with.
    __syncthreads();
    fetch_states_at(i + 2);
    fetch_inputs_at(i + 1);
    end_of_group();
    // Half of the warps prepare before they work, the others after it: so that not all of them
    // wait for shared memory, or use the same units, at a time.
#pragma unroll 1
    for (int turn = 0; turn < 2; ++turn) {
      if (turn == place.warp() % 2) {
        if (i + 1 == stages) continue;
        const bool live = is_live(i + 1);
        prepare_stage<kStatesOnly>(shared.stages[(i + 1) % 2], shared, place);
        place_live(i + 1, live);
      } else if (place.first_channel < p.args.channels) {
        work(stage_at(i), shared.stages[i % 2]);
      }
    }
  }
}

}  // namespace omniq::kernels::detail
