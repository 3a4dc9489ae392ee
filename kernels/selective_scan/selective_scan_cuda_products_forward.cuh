// The forward kernel of the scan on tensor cores.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_stage.cuh"

namespace omniq::kernels::detail {

/// In base 2, from the first to the last token of a chunk. The decay from one token to another is
/// split into a factor for each, relative to the middle; with this the highest power of either is
/// at most 2^80.
inline constexpr float kMostChunkDecay = 160.F / kHighestNode;

template <typename T>
__device__ __forceinline__ bool decays_split(const ChunkInputs<T>& in) {
  return __all_sync(kFullWarp, in.total[0] - in.first[0] <= kMostChunkDecay &&
                                   in.total[1] - in.first[1] <= kMostChunkDecay) != 0;
}

__device__ __forceinline__ unsigned transpose_matrix(unsigned x) {
  unsigned y;
  asm("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(y) : "r"(x));
  return y;
}

/// y += what a chunk's tokens give to themselves and later ones where decays do not split: every
/// pair by itself.
template <typename T, typename Operands>
__device__ __forceinline__ void add_pairs(LaneTokens& y, const ChunkInputs<T>& in,
                                          const Operands& operands, int lane) {
#pragma unroll 1
  for (int j = 0; j < kChunkTokens; ++j) {
    const int from = (lane & ~3) + j / 2;
    LaneTokens decay;
    float input[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float2 inputs = unpack<__nv_bfloat16>(__shfl_sync(kFullWarp, in.input[half], from));
      const float even = __shfl_sync(kFullWarp, in.sums[half][0], from);
      const float odd = __shfl_sync(kFullWarp, in.sums[half][1], from);
      input[half] = j % 2 == 0 ? inputs.x : inputs.y;
      const float sum = j % 2 == 0 ? even : odd;
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        decay[half][c] = fast_exp2(fminf(sum - in.sums[half][c], 0.F));  // C_B is 0 before j
      }
    }
    NodePowers<4> powers([&](int i) { return decay[i / 2][i % 2]; });
    LaneTokens sum = {};
#pragma unroll
    for (int k = 0; k < kPowerNodes; ++k) {
      if (k > 0) powers.find(k);
#pragma unroll
      for (int c = 0; c < 2; ++c) {
        const auto product = [&](int place) {
          const uint2 word = operands.C_B[place][(lane % 4 * 2 + c) * 4 + j / 2];
          const float2 two = unpack<__nv_bfloat16>(k % 2 == 0 ? word.x : word.y);
          return j % 2 == 0 ? two.x : two.y;
        };
        const int second = Operands::second_product(k / 2);
        float value = product(k / 2);
        if (second < Operands::kProducts) value += product(second);
        sum[0][c] = fmaf(powers.of[k][c], value, sum[0][c]);
        sum[1][c] = fmaf(powers.of[k][2 + c], value, sum[1][c]);
      }
    }
#pragma unroll
    for (int half = 0; half < 2; ++half) {
#pragma unroll
      for (int c = 0; c < 2; ++c) y[half][c] = fmaf(input[half], sum[half][c], y[half][c]);
    }
  }
}

/// y += Σ_k x^m_k (h · (φ_k ⊙ C) + the same of the chunk's own tokens).
template <typename T, int kStates>
__device__ __forceinline__ void add_products(LaneTokens& y, const ChunkInputs<T>& in,
                                             const WarpStates<kStates>& h,
                                             const ChunkOperands<kStates>& operands, int lane) {
  using Operands = ChunkOperands<kStates>;
  constexpr int kBlocks = kStates / kBlockStates;
  // Without a split the powers are those from the start of the chunk on, and inputs count as 0.
  const bool split = decays_split(in);
  const float middle[2] = {split ? 0.5F * (in.first[0] + in.total[0]) : 0.F,
                           split ? 0.5F * (in.first[1] + in.total[1]) : 0.F};
  NodePowers<4> after([&](int i) { return fast_exp2(middle[i / 2] - in.sums[i / 2][i % 2]); });
  NodePowers<4> before(
      [&](int i) { return split ? fast_exp2(in.sums[i / 2][i % 2] - middle[i / 2]) : 0.F; });
  NodePowers<2> to_middle([&](int half) { return fast_exp2(-middle[half]); });
  float sums[kPowerNodes][4];
#pragma unroll
  for (int k = 0; k < kPowerNodes; ++k) {
#pragma unroll
    for (int e = 0; e < 4; ++e) sums[k][e] = 0.F;
  }
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
    const float(&low)[4] = h[2 * block], (&high)[4] = h[2 * block + 1];
    const unsigned states[4] = {pack_bf16(low[0], low[1]), pack_bf16(low[2], low[3]),
                                pack_bf16(high[0], high[1]), pack_bf16(high[2], high[3])};
#pragma unroll
    for (int i = 0; i < pairs_of(block); ++i) {
      const int pair = first_pair(block) + i;
      const uint4 C = operands.C[power_item(block, pair)][lane];
      multiply16(sums[2 * pair], states, C.x, C.y);
      multiply16(sums[2 * pair + 1], states, C.z, C.w);
    }
    // The pairs of nodes that no later block needs.
#pragma unroll
    for (int pair = 0; pair < kPowerPairs; ++pair) {
      if (end_block(pair, kBlocks) != block + 1) continue;
      after.find_pair(pair);
      before.find_pair(pair);
      to_middle.find_pair(pair);
      const uint2 C_B = operands.C_B[pair][lane];
      const int second = Operands::second_product(pair);
#pragma unroll
      for (int k = 2 * pair; k < 2 * pair + 2; ++k) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[k][e] *= to_middle.of[k][e / 2];
        const float(&power)[4] = before.of[k];
        const unsigned inputs[2] = {multiply_pairs(pack_bf16(power[0], power[1]), in.input[0]),
                                    multiply_pairs(pack_bf16(power[2], power[3]), in.input[1])};
        multiply8(sums[k], inputs[0], inputs[1], k % 2 == 0 ? C_B.x : C_B.y);
        if (second < Operands::kProducts) {
          const uint2 rest = operands.C_B[second][lane];
          multiply8(sums[k], inputs[0], inputs[1], k % 2 == 0 ? rest.x : rest.y);
        }
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          y[e / 2][e % 2] = fmaf(after.of[k][e], sums[k][e], y[e / 2][e % 2]);
        }
      }
    }
  }
  if (!split) add_pairs(y, in, operands, lane);
}

/// h <- x^n h, x = 2^−total of each of the lane's channels.
template <int kStates>
__device__ __forceinline__ void decay_states(WarpStates<kStates>& h, const float (&total)[2],
                                             int lane) {
  float decay[4], by_eight[2];  // of the lane's states in one result, and from one to the next
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    decay[2 * half] = fast_exp2(-total[half] * static_cast<float>(lane % 4 * 2 + 1));
    decay[2 * half + 1] = decay[2 * half] * fast_exp2(-total[half]);
    by_eight[half] = fast_exp2(-8.F * total[half]);
  }
#pragma unroll
  for (int n = 0; n < kStates / 8; ++n) {
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      h[n][e] *= decay[e];
      decay[e] *= by_eight[e / 2];
    }
  }
}

/// h <- x^n h + what the chunk's tokens give.
template <typename T, int kStates>
__device__ __forceinline__ void advance_states(WarpStates<kStates>& h, const ChunkInputs<T>& in,
                                               const ChunkOperands<kStates>& operands, int lane) {
  NodePowers<4> to_end = powers_to_end(in, {0.F, 0.F});
  unsigned weighed[kPowerPairs][4];
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    to_end.find_pair(pair);
    weigh_inputs(in, to_end, pair, weighed[pair]);
  }
  decay_states<kStates>(h, in.total, lane);
#pragma unroll
  for (int block = 0; block < kStates / kBlockStates; ++block) {
#pragma unroll
    for (int pair = first_pair(block); pair < first_pair(block) + pairs_of(block); ++pair) {
      add_inputs<kStates>(h, weighed[pair], operands, block, pair, lane);
    }
  }
}

/// The states before the block's segment, from where those of its sequence before it end.
template <typename T, int kStates>
__device__ __forceinline__ void find_start(WarpStates<kStates>& h, const ProductParameters<T>& p,
                                           const ProductPlace& place) {
#pragma unroll
  for (auto& result : h) {
#pragma unroll
    for (float& x : result) x = 0.F;
  }
  if (p.segments == 1) return;
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);
#pragma unroll 1
  for (std::int64_t segment = place.segment - place.segment % p.segments; segment < place.segment;
       ++segment) {
    std::int64_t of_channel[2];
    float total[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // Channels that do not exist are as good as the last.
      const int channel = min(place.first_channel + lane / 4 + half * 8, channels - 1);
      of_channel[half] = segment * channels + channel;
      total[half] = -p.found_exponents[of_channel[half]];
    }
    decay_states<kStates>(h, total, lane);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float* from = p.found_ends + of_channel[half] * kStates + lane % 4 * 2;
#pragma unroll
      for (int n = 0; n < kStates / 8; ++n) {
        const float2 two = *reinterpret_cast<const float2*>(from + n * 8);
        h[n][2 * half] += two.x, h[n][2 * half + 1] += two.y;
      }
    }
  }
}

template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_forward_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);

  WarpStates<kStates> h;
  find_start<T, kStates>(h, p, place);
  for_each_stage<false>(p, place, shared, [&](int stage, const auto& buffer) {
#pragma unroll 1
    for (int chunk = 0; chunk < kStageChunks; ++chunk) {
      const int in_stage = chunk * kChunkTokens, begin = stage * kStageTokens + in_stage;
      if (begin >= place.steps) break;
      const auto& operands = buffer.chunks[chunk];
      unsigned words[4], gates[2];
      load_transposed(words, buffer.input_matrix(place.warp(), place.lane(), 0, in_stage));
      const ChunkInputs<T> in(words, shared, place, buffer.live + in_stage);
      LaneTokens y = {};
      add_products<T, kStates>(y, in, h, operands, lane);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const float2 u = unpack<T>(in.u[half]);
        const float skip = shared.skip[lane_channel(place, half)];
        y[half][0] = fmaf(skip, u.x, y[half][0]);
        y[half][1] = fmaf(skip, u.y, y[half][1]);
      }

      load_transposed(gates, buffer.input_matrix(place.warp(), place.lane(), 2, in_stage));
      const int t = begin + lane / 4, channel = place.first_channel + lane % 4 * 2;
      const auto store = [&](const StepRows<T>& rows, const LaneTokens& values) {
        T* const to = rows.row(t) + channel;
        // Two tokens of a channel become two channels of a token.
        const unsigned low = transpose_matrix(pack<T>(values[0][0], values[0][1]));
        const unsigned high = transpose_matrix(pack<T>(values[1][0], values[1][1]));
        const int left = t < place.steps ? channels - channel : 0;
        if (p.pairs) {
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
      };
      if (p.ungated.data != nullptr) store(shared.rows_ungated, y);
      if (p.args.z.data != nullptr) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const float2 z = unpack<T>(gates[half]);
          y[half][0] *= silu(z.x), y[half][1] *= silu(z.y);
        }
      }
      store(shared.rows_y, y);
      if (begin + kChunkTokens < place.steps) advance_states<T, kStates>(h, in, operands, lane);
    }
  });
}

}  // namespace omniq::kernels::detail
