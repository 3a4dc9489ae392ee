// The states at the ends of segments, on tensor cores. What a token gives to the end of its segment
// needs no states between: the kernel walks back from there and sums.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_stage.cuh"

namespace omniq::kernels::detail {

template <typename T, int kStates>
__global__ void __launch_bounds__(kProductThreads, 1)
    scan_products_states_kernel(const __grid_constant__ ProductParameters<T> p) {
  extern __shared__ __align__(16) unsigned char memory[];
  auto& shared = *reinterpret_cast<ProductShared<T, kStates>*>(memory);
  const ProductPlace place(p);
  const int lane = lane_index(), channels = static_cast<int>(p.args.channels);

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
      load_transposed(words, buffer.input_matrix(0, in_stage));
      const ChunkInputs<T> in(words, shared, buffer.live + in_stage);
      WeighedInputs weighed;
      weigh_inputs(in, later, weighed);
#pragma unroll
      for (int block = 0; block < kStates / kBlockStates; ++block) {
        add_inputs<kStates>(h, weighed, buffer.chunks[chunk], block, lane);
      }
      later[0] += in.total[0], later[1] += in.total[1];
    }
  });

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int channel = place.first_channel + lane_row() + half * 8;
    if (channel >= channels) continue;
    const std::int64_t of_channel = place.segment * channels + channel;
    float* const to = p.ends + of_channel * kStates + lane_column();
#pragma unroll
    for (int n = 0; n < kStates / 8; ++n) {
      *reinterpret_cast<float2*>(to + n * 8) = {h[n][2 * half], h[n][2 * half + 1]};
    }
    if (lane % 4 == 0) p.exponents[of_channel] = -later[half];
  }
}

}  // namespace omniq::kernels::detail
