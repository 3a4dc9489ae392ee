// States on tensor cores: those at the ends of chunks, the adjoint ones at their beginnings, and
// those before each octet. What a token gives to the end of its chunk needs no states between:
// that kernel walks away from there and sums. The further away, the fewer powers of the decay are
// left to be counted.
#pragma once

#include "kernels/selective_scan/tensor_cores/walk.cuh"

namespace omniq::kernels::detail {

/// In base 2: a power of a decay that does not count.
inline constexpr float kNothing = 30.F;

/// h += what an octet's tokens give to a time that is at least `later` (in base 2) away from them,
/// less those powers that do not count in any of the warp's channels. powers: of what is left of
/// them then.
template <typename T, int kStates>
__device__ __forceinline__ void add_counting_inputs(WarpStates<kStates>& h,
                                                    const OctetInputs<T>& in, NodePowers<4> powers,
                                                    const float (&later)[2],
                                                    const OctetOperands<kStates>& operands,
                                                    int lane) {
  // Floats that are not negative have the order of their bits.
  const float least =
      __uint_as_float(__reduce_min_sync(kFullWarp, __float_as_uint(fminf(later[0], later[1]))));
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    if (least * static_cast<float>(power_node(2 * pair)) > kNothing) continue;
    powers.find_pair(pair);
    unsigned weighed[4];
    weigh_inputs(in.input, powers, pair, weighed);
#pragma unroll
    for (int block = 0; block < kStates / kBlockStates; ++block) {
      if (pair < first_pair(block) || pair >= first_pair(block) + pairs_of(block)) continue;
      add_inputs<kStates>(h, weighed, operands.B, block, pair, lane);
    }
  }
}

/// silu() of a gate, 1 without one, and its derivative.
struct Gate {
  float value, slope;

  /// Without branches: there is always something to be read in the place of z.
  __device__ __forceinline__ Gate(float z, bool gated) {
    const float s = sigmoid(z);
    value = gated ? z * s : 1.F;
    slope = s * (1.F + z * (1.F - s));
  }
};

/// Where chunks end if they start from zero, and the exponents of their decays. With kAdjoint,
/// where the gradients of states, which run backwards, come to before the first token of each
/// chunk if they are zero after its last; the arguments then hold the gradient of y in place of
/// u, and C in place of B.
template <typename T, int kStates, bool kAdjoint>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_ends_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);

  WarpStates<kStates> h;
  clear(h);
  float later[2] = {0.F, 0.F};  // decays of the tokens between the octet and there
  using Order = std::conditional_t<kAdjoint, AdjointStages, EndStages>;
  for_each_stage<Order>(p, place, shared, [&](int stage, const auto& buffer) {
#pragma unroll 1
    for (int i = 0; i < kStageOctets; ++i) {
      const int octet = Order::kFromEnd ? kStageOctets - 1 - i : i;
      const int in_stage = octet * kOctetTokens, begin = stage * kStageTokens + in_stage;
      if (begin >= place.steps) continue;
      unsigned words[4];
      load_transposed(words, buffer.input_matrix(place.warp(), place.lane(), 0, in_stage));
      OctetInputs<T> in(words, shared, place, buffer.live + in_stage);
      if constexpr (kAdjoint) {
        unsigned gates[2];
        load_transposed(gates, buffer.input_matrix(place.warp(), place.lane(), 2, in_stage));
#pragma unroll
        for (int half = 0; half < 2; ++half) {
          const float2 grad = unpack<T>(words[half]), z = unpack<T>(gates[half]);
          const bool gated = p.args.z.data != nullptr;
          const int left = place.steps - (begin + lane % 4 * 2);
          in.input[half] = pack_bf16(left > 0 ? grad.x * Gate(z.x, gated).value : 0.F,
                                     left > 1 ? grad.y * Gate(z.y, gated).value : 0.F);
        }
        const auto left = [&](int i) { return fast_exp2(-(later[i / 2] + in.sums[i / 2][i % 2])); };
        add_counting_inputs<T, kStates>(h, in, NodePowers<4>(left), later, buffer.octets[octet],
                                        lane);
      } else {
        add_counting_inputs<T, kStates>(h, in, powers_to_end(in, later), later,
                                        buffer.octets[octet], lane);
      }
      later[0] += in.total[0], later[1] += in.total[1];
    }
  });

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int channel = place.first_channel + lane / 4 + half * 8;
    if (channel >= channels) continue;
    const std::int64_t of_channel = place.chunk * channels + channel;
    float* const to = p.ends + of_channel * kStates + lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < kStates / 8; ++n) {
      *reinterpret_cast<float2*>(to + n * 8) = {h[n][2 * half], h[n][2 * half + 1]};
    }
    if (!kAdjoint && lane % 4 * 2 == 0) p.exponents[of_channel] = -later[half];
  }
}

/// The states before each octet but a sequence's first, in bfloat16 as left operands:
/// [sequences, octets − 1, groups of kWarpChannels, blocks of states, 32].
template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_octet_states_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane();

  WarpStates<kStates> h;
  find_start<false, T, kStates>(h, p.found_ends, p, place);
  for_each_stage<StatesStages>(p, place, shared, [&](int stage, const auto& buffer) {
#pragma unroll 1
    for (int octet = 0; octet < kStageOctets; ++octet) {
      const int in_stage = octet * kOctetTokens, begin = stage * kStageTokens + in_stage;
      if (begin >= place.steps) break;
      if (place.begin + begin > 0) {
        uint4* const to = octet_states<kStates>(p, place, begin);
#pragma unroll
        for (int block = 0; block < kStates / kBlockStates; ++block) {
          unsigned packed[4];
          pack_states<kStates>(h, block, packed);
          to[block * 32] = {packed[0], packed[1], packed[2], packed[3]};
        }
      }
      if (begin + kOctetTokens >= place.steps) break;
      unsigned words[4];
      load_transposed(words, buffer.input_matrix(place.warp(), place.lane(), 0, in_stage));
      const OctetInputs<T> in(words, shared, place, buffer.live + in_stage);
      advance_states<T, kStates>(h, in, buffer.octets[octet], lane);
    }
  });
}

}  // namespace omniq::kernels::detail
