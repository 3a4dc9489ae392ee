// The forward kernel of the scan on tensor cores.
#pragma once

#include "kernels/selective_scan/tensor_cores/walk.cuh"

namespace omniq::kernels::detail {

/// In base 2, from the first to the last token of an octet. The decay from one token to another is
/// split into a factor for each, relative to the middle; with this the highest power of either is
/// at most 2^80.
inline constexpr float kMostOctetDecay = 160.F / kHighestNode;

template <typename T>
__device__ __forceinline__ bool decays_split(const OctetInputs<T>& in) {
  return __all_sync(kFullWarp, in.total[0] - in.first[0] <= kMostOctetDecay &&
                                   in.total[1] - in.first[1] <= kMostOctetDecay) != 0;
}

/// y += what an octet's tokens give to themselves and later ones where decays do not split: every
/// pair by itself.
template <typename T, typename Operands>
__device__ __forceinline__ void add_pairs(LaneTokens& y, const OctetInputs<T>& in,
                                          const Operands& operands, int lane) {
#pragma unroll 1
  for (int j = 0; j < kOctetTokens; ++j) {
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

/// y += Σ_k x^m_k (h · (φ_k ⊙ C) + the same of the octet's own tokens).
template <typename T, int kStates>
__device__ __forceinline__ void add_products(LaneTokens& y, const OctetInputs<T>& in,
                                             const WarpStates<kStates>& h,
                                             const OctetOperands<kStates>& operands, int lane) {
  using Operands = OctetOperands<kStates>;
  constexpr int kBlocks = kStates / kBlockStates;
  // Without a split the powers are those from the start of the octet on, and inputs count as 0.
  const bool split = decays_split(in);
  const float middle[2] = {split ? 0.5F * (in.first[0] + in.total[0]) : 0.F,
                           split ? 0.5F * (in.first[1] + in.total[1]) : 0.F};
  NodePowers<4> after([&](int i) { return fast_exp2(middle[i / 2] - in.sums[i / 2][i % 2]); });
  NodePowers<4> before(
      [&](int i) { return split ? fast_exp2(in.sums[i / 2][i % 2] - middle[i / 2]) : 0.F; });
  NodePowers<2> to_middle([&](int half) { return fast_exp2(-middle[half]); });
  float sums[kPowerNodes][4];
  clear(sums);
#pragma unroll
  for (int block = 0; block < kBlocks; ++block) {
    unsigned states[4];
    pack_states<kStates>(h, block, states);
#pragma unroll
    for (int i = 0; i < pairs_of(block); ++i) {
      const int pair = first_pair(block) + i;
      const uint4 C = operands.C[power_item(block, pair)][lane];
      multiply_half<__nv_bfloat16>(sums[2 * pair], states, {C.x, C.y});
      multiply_half<__nv_bfloat16>(sums[2 * pair + 1], states, {C.z, C.w});
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
        multiply_half<__nv_bfloat16>(sums[k], {inputs[0], inputs[1]}, k % 2 == 0 ? C_B.x : C_B.y);
        if (second < Operands::kProducts) {
          const uint2 rest = operands.C_B[second][lane];
          multiply_half<__nv_bfloat16>(sums[k], {inputs[0], inputs[1]},
                                       k % 2 == 0 ? rest.x : rest.y);
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

template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_forward_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);

  WarpStates<kStates> h;
  find_start<false, T, kStates>(h, p.found_ends, p, place);
  for_each_stage<ForwardStages>(p, place, shared, [&](int stage, const auto& buffer) {
#pragma unroll 1
    for (int octet = 0; octet < kStageOctets; ++octet) {
      const int in_stage = octet * kOctetTokens, begin = stage * kStageTokens + in_stage;
      if (begin >= place.steps) break;
      const auto& operands = buffer.octets[octet];
      unsigned words[4], gates[2];
      load_transposed(words, buffer.input_matrix(place.warp(), place.lane(), 0, in_stage));
      const OctetInputs<T> in(words, shared, place, buffer.live + in_stage);
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
      const auto store = [&](const StepRows<T>& rows) {
        store_tokens(rows, place, begin, channels, p.pairs, y);
      };
      if (p.ungated.data != nullptr) store(shared.rows_ungated);
      if (p.args.z.data != nullptr) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const float2 z = unpack<T>(gates[half]);
          y[half][0] *= silu(z.x), y[half][1] *= silu(z.y);
        }
      }
      store(shared.rows_y);
      if (begin + kOctetTokens < place.steps) advance_states<T, kStates>(h, in, operands, lane);
    }
  });
}

}  // namespace omniq::kernels::detail
