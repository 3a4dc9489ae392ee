// How the inputs of a stage reach shared memory, and what a block makes of them for all its warps.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_common.cuh"

namespace omniq::kernels::detail {

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
/// Prepares what belongs to one pair of nodes and one chunk of the stage. By a warp.
template <int kPair, bool kStatesOnly, typename T, int kStates>
__device__ __forceinline__ void prepare_pair(ProductShared<T, kStates>& shared, int chunk) {
  constexpr int kFirst = first_block(kPair), kEnd = end_block(kPair, kStates / kBlockStates);
  auto& out = shared.chunks[chunk];
  const int lane = lane_index(), row = chunk * kChunkTokens + lane % 8;
  float C_B[4] = {};
#pragma unroll
  for (int block = kFirst; block < kEnd; ++block) {
    const int item = power_item(block, kPair);
    unsigned tokens[2];  // B by tokens, states 8 apart
    load_transposed(tokens, &shared.B[row][block * kBlockStates + lane / 8 % 2 * 8]);
    const unsigned first = as_bf16<T>(tokens[0]), second = as_bf16<T>(tokens[1]);
    const uint4 b = shared.weights_B[item][lane / 4];
    out.B[item][lane] = {multiply_pairs(first, b.x), multiply_pairs(first, b.y),
                         multiply_pairs(second, b.z), multiply_pairs(second, b.w)};
    if constexpr (!kStatesOnly) {
      unsigned states[4];  // C and B by states
      load_matrices(
          states, (lane < 16 ? shared.C : shared.B)[row] + block * kBlockStates + lane / 8 % 2 * 8);
      const unsigned low = as_bf16<T>(states[0]), high = as_bf16<T>(states[1]);
      const uint4 c = shared.weights_C[item][lane % 4];
      const uint4 weighted{multiply_pairs(low, c.x), multiply_pairs(high, c.y),
                           multiply_pairs(low, c.z), multiply_pairs(high, c.w)};
      out.C[item][lane] = weighted;
      const unsigned left[4] = {weighted.x, weighted.z, weighted.y, weighted.w};
      multiply16(C_B, left, as_bf16<T>(states[2]), as_bf16<T>(states[3]));
    }
  }
  if constexpr (!kStatesOnly) {
    const int i = lane_row(), j = lane_column();
#pragma unroll
    for (int e = 0; e < 4; ++e) C_B[e] = j + e % 2 <= i ? C_B[e] : 0.F;
    out.C_B[kPair][lane] = {pack_bf16(C_B[0], C_B[1]), pack_bf16(C_B[2], C_B[3])};
  }
}

/// Prepares a stage. By all of a block's warps; each has about as much to do.
template <bool kStatesOnly, typename T, int kStates>
__device__ __forceinline__ void prepare_stage(ProductShared<T, kStates>& shared, int warp) {
  static_assert(kProductWarps == 3 * kStageChunks);
  const int chunk = warp / 3;
  switch (warp % 3) {
    case 0:
      prepare_pair<3, kStatesOnly>(shared, chunk);
      break;
    case 1:
      prepare_pair<4, kStatesOnly>(shared, chunk);
      break;
    default:
      prepare_pair<0, kStatesOnly>(shared, chunk);
      prepare_pair<1, kStatesOnly>(shared, chunk);
      prepare_pair<2, kStatesOnly>(shared, chunk);
  }
}

/// The weights as operands: for φ ⊙ C those of a lane's states, for φ ⊙ B those of its state twice.
template <typename T, int kStates>
__device__ __forceinline__ void place_weights(const PowerWeights& weights,
                                              ProductShared<T, kStates>& shared, int thread) {
  using Shared = ProductShared<T, kStates>;
  for (int e = thread; e < Shared::kItems * 12; e += kProductThreads) {
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

/// What stays the same for the block: the weights, what belongs to its channels, and the rows that
/// it reads and writes. A barrier ends it.
template <typename T, int kStates>
__device__ __forceinline__ void place_constants(const ProductParameters<T>& p,
                                                const ProductPlace& place,
                                                ProductShared<T, kStates>& shared) {
  const int thread = static_cast<int>(threadIdx.x);
  place_weights(p.weights, shared, thread);
  if (thread < kProductChannels) {
    const int channel = min(place.first_channel - warp_index() * kWarpChannels + thread,
                            static_cast<int>(p.args.channels) - 1);
    shared.bias[thread] = p.args.delta_bias[place.direction * p.args.bias_direction + channel];
    shared.rate[thread] = p.args.rates[place.direction * p.args.rates_direction + channel] * kLog2E;
    shared.skip[thread] = p.args.D_skip[place.direction * p.args.D_direction + channel];
  }
  if (thread != 0) return;
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

/// Starts to bring in a stage; steps and channels beyond the end are read from the last. For states
/// alone, C and z are not. Returns whether token `thread` of the stage exists and is not masked.
template <bool kStatesOnly, typename T, int kStates>
__device__ __forceinline__ bool fetch_stage(const ProductParameters<T>& p,
                                            const ProductPlace& place,
                                            ProductShared<T, kStates>& shared, int stage) {
  constexpr int kVector = 8, kOfRow = kStates / kVector;
  constexpr int kTensors = kStatesOnly ? 2 : 3;
  const int thread = static_cast<int>(threadIdx.x), lane = lane_index();
  const int channels = static_cast<int>(p.args.channels);
  const int begin = stage * kStageTokens;
  const auto step = [&](int t) { return min(begin + t, place.steps - 1); };
  for (int t = thread / kOfRow; t < kStageTokens; t += kProductThreads / kOfRow) {
    const int column = thread % kOfRow * kVector;
    copy_async16(&shared.B[t][column], shared.rows_B.row(step(t)) + column);
    if (!kStatesOnly) copy_async16(&shared.C[t][column], shared.rows_C.row(step(t)) + column);
  }
  auto& to = shared.inputs[stage % 2][warp_index()];
  if (place.first_channel >= channels) {
    // The warp has no channels.
  } else if (p.vectors) {
    const int t = lane / 2, half = lane % 2;
    const int channel = min(place.first_channel + half * 8, channels - 8);
#pragma unroll
    for (int i = 0; i < kTensors; ++i) {
      copy_async16(&to[i][t][(half ^ t / 4 % 2) * 8], shared.rows[i].row(step(t)) + channel);
    }
  } else {
    const int c = lane % kWarpChannels, channel = min(place.first_channel + c, channels - 1);
#pragma unroll
    for (int i = 0; i < kTensors; ++i) {
#pragma unroll 4
      for (int t = lane / kWarpChannels; t < kStageTokens; t += 2) {
        to[i][t][c ^ t / 4 % 2 * 8] = shared.rows[i].row(step(t))[channel];
      }
    }
  }
  end_of_group();
  if (thread >= kStageTokens || begin + thread >= place.steps) return false;
  return p.args.mask == nullptr || *shared.rows_mask.row(begin + thread) != 0;
}

/// For ldmatrix: where a lane finds a row of u and delta (or, from lane 16 on, of z again) of eight
/// tokens and eight channels.
template <typename T, int kStates>
__device__ __forceinline__ const T* input_matrix(const ProductShared<T, kStates>& shared, int stage,
                                                 int in_stage, int tensor) {
  const int lane = lane_index(), t = in_stage + lane % 8, half = lane / 8 % 2;
  return &shared.inputs[stage % 2][warp_index()][tensor][t][(half ^ t / 4 % 2) * 8];
}

}  // namespace omniq::kernels::detail
