// The states at the ends of segments, on tensor cores. What a token gives to the end of its segment
// needs no states between: the kernel walks back from there and sums. The further back, the fewer
// powers of the decay are left to be counted.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_stage.cuh"

namespace omniq::kernels::detail {

/// In base 2: a power of a decay that does not count.
inline constexpr float kNothing = 30.F;

/// h += what a chunk's tokens give to a time that is `later` (in base 2) than its end, less those
/// powers that do not count in any of the warp's channels.
template <typename T, int kStates>
__device__ __forceinline__ void add_counting_inputs(WarpStates<kStates>& h,
                                                    const ChunkInputs<T>& in,
                                                    const float (&later)[2],
                                                    const ChunkOperands<kStates>& operands,
                                                    int lane) {
  // Floats that are not negative have the order of their bits.
  const float least =
      __uint_as_float(__reduce_min_sync(kFullWarp, __float_as_uint(fminf(later[0], later[1]))));
  NodePowers<4> to_end = powers_to_end(in, later);
#pragma unroll
  for (int pair = 0; pair < kPowerPairs; ++pair) {
    if (least * static_cast<float>(power_node(2 * pair)) > kNothing) continue;
    to_end.find_pair(pair);
    unsigned weighed[4];
    weigh_inputs(in, to_end, pair, weighed);
#pragma unroll
    for (int block = 0; block < kStates / kBlockStates; ++block) {
      if (pair < first_pair(block) || pair >= first_pair(block) + pairs_of(block)) continue;
      add_inputs<kStates>(h, weighed, operands, block, pair, lane);
    }
  }
}

template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_states_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = place.lane(), channels = static_cast<int>(p.args.channels);

  WarpStates<kStates> h;
#pragma unroll
  for (auto& result : h) {
#pragma unroll
    for (float& x : result) x = 0.F;
  }
  float later[2] = {0.F, 0.F};  // decays of the tokens after the chunk
  for_each_stage<true>(p, place, shared, [&](int stage, const auto& buffer) {
#pragma unroll 1
    for (int chunk = kStageChunks - 1; chunk >= 0; --chunk) {
      const int in_stage = chunk * kChunkTokens;
      if (stage * kStageTokens + in_stage >= place.steps) continue;
      unsigned words[4];
      load_transposed(words, buffer.input_matrix(place.warp(), place.lane(), 0, in_stage));
      const ChunkInputs<T> in(words, shared, place, buffer.live + in_stage);
      add_counting_inputs<T, kStates>(h, in, later, buffer.chunks[chunk], place.lane());
      later[0] += in.total[0], later[1] += in.total[1];
    }
  });

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int channel = place.first_channel + lane / 4 + half * 8;
    if (channel >= channels) continue;
    const std::int64_t of_channel = place.segment * channels + channel;
    float* const to = p.ends + of_channel * kStates + lane % 4 * 2;
#pragma unroll
    for (int n = 0; n < kStates / 8; ++n) {
      *reinterpret_cast<float2*>(to + n * 8) = {h[n][2 * half], h[n][2 * half + 1]};
    }
    if (lane % 4 * 2 == 0) p.exponents[of_channel] = -later[half];
  }
}

}  // namespace omniq::kernels::detail
