// How a warp's states go on from octet to octet and chunk to chunk.
#pragma once

#include "kernels/selective_scan/tensor_cores/stage.cuh"

namespace omniq::kernels::detail {

/// A block of states in bfloat16, as left operand.
template <int kStates>
__device__ __forceinline__ void pack_states(const WarpStates<kStates>& h, int block,
                                            unsigned (&packed)[4]) {
  const float(&low)[4] = h[2 * block], (&high)[4] = h[2 * block + 1];
  packed[0] = pack_bf16(low[0], low[1]), packed[1] = pack_bf16(low[2], low[3]);
  packed[2] = pack_bf16(high[0], high[1]), packed[3] = pack_bf16(high[2], high[3]);
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

/// h <- x^n h + what the octet's tokens give.
template <typename T, int kStates>
__device__ __forceinline__ void advance_states(WarpStates<kStates>& h, const OctetInputs<T>& in,
                                               const OctetOperands<kStates>& operands, int lane) {
  NodePowers<4> to_end = powers_to_end(in, {0.F, 0.F});
  unsigned weighed[kPowerPairs][4];
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    to_end.find_pair(pair);
    weigh_inputs(in.input, to_end, pair, weighed[pair]);
  }
  decay_states<kStates>(h, in.total, lane);
#pragma unroll
  for (int block = 0; block < kStates / kBlockStates; ++block) {
#pragma unroll
    for (int pair = first_pair(block); pair < first_pair(block) + pairs_of(block); ++pair) {
      add_inputs<kStates>(h, weighed[pair], operands.B, block, pair, lane);
    }
  }
}

/// The states before the block's chunk, from where those of its sequence before it end; with
/// kAdjoint those after it, from where the chunks after it begin.
template <bool kAdjoint, typename T, int kStates>
__device__ __forceinline__ void find_start(WarpStates<kStates>& h, const float* ends,
                                           const ProductParameters<T>& p,
                                           const ProductPlace& place) {
  clear(h);
  if (p.chunks == 1) return;
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);
  const int before = static_cast<int>(place.chunk % p.chunks);
  const int count = kAdjoint ? p.chunks - 1 - before : before;
#pragma unroll 1
  for (int i = count; i > 0; --i) {
    const std::int64_t chunk = place.chunk + (kAdjoint ? i : -i);
    std::int64_t of_channel[2];
    float total[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // Channels that do not exist are as good as the last.
      const int channel = min(place.first_channel + lane / 4 + half * 8, channels - 1);
      of_channel[half] = chunk * channels + channel;
      total[half] = -p.found_exponents[of_channel[half]];
    }
    decay_states<kStates>(h, total, lane);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float* from = ends + of_channel[half] * kStates + lane % 4 * 2;
#pragma unroll
      for (int n = 0; n < kStates / 8; ++n) {
        const float2 two = *reinterpret_cast<const float2*>(from + n * 8);
        h[n][2 * half] += two.x, h[n][2 * half + 1] += two.y;
      }
    }
  }
}

/// Where a lane keeps, or finds, the state before the octet from step `begin` of its chunk on:
/// every 32nd uint4 from there on is a block of states as left operand. Not for a sequence's first.
template <int kStates, typename T>
__device__ __forceinline__ uint4* octet_states(const ProductParameters<T>& p,
                                               const ProductPlace& place, int begin) {
  constexpr int kBlocks = kStates / kBlockStates;
  const std::int64_t octets = (p.args.tokens + kOctetTokens - 1) / kOctetTokens;
  const std::int64_t groups = (p.args.channels + kWarpChannels - 1) / kWarpChannels;
  const std::int64_t sequence = place.chunk / p.chunks;
  const std::int64_t octet = (place.begin + begin) / kOctetTokens - 1;
  const std::int64_t group = place.first_channel / kWarpChannels;
  return p.octet_states + ((sequence * (octets - 1) + octet) * groups + group) * (kBlocks * 32) +
         place.lane();
}

/// Starts to bring that into the L2 cache.
template <int kStates, typename T>
__device__ __forceinline__ void prefetch_octet_states(const ProductParameters<T>& p,
                                                      const ProductPlace& place, int begin) {
  constexpr int kLine = 128 / sizeof(uint4), kLines = kStates / kBlockStates * 32 / kLine;
  if (place.begin + begin <= 0 || place.lane() >= kLines) return;
  if (place.first_channel >= p.args.channels) return;
  const uint4* const line =
      octet_states<kStates>(p, place, begin) - place.lane() + place.lane() * kLine;
  asm volatile("prefetch.global.L2 [%0];" ::"l"(line));
}

}  // namespace omniq::kernels::detail
