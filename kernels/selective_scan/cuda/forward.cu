// The forward kernel of the scan. One block works on one chunk of one sequence (a clip in one
// direction) and a block of channels: it brings a tile of steps into shared memory as float32,
// already in scan order, and each warp then runs its channels through the tile without a barrier.
#include "kernels/selective_scan/cuda/tile.cuh"

namespace omniq::kernels::detail {

template <typename T>
struct ForwardParameters {
  CudaScanArguments<T> args;
  Rows<T> y, ungated;
  const float* starts;
  float *ends, *exponents;
  int chunk_length, chunks, tile, channel_blocks;
};

template <typename T, int kStates, int kChannels, bool kLinear, bool kStatesOnly>
__global__ void __launch_bounds__(kForwardWarps * 32, kChannels == 2 ? 3 : (kLinear ? 5 : 4))
    scan_forward_kernel(const ForwardParameters<T> p) {
  using Layout = ForwardLayout<kStates, kChannels>;
  constexpr int kGroupLanes = Layout::kGroupLanes;
  constexpr int kBlockChannels = Layout::kBlockChannels;
  constexpr int kThreads = kForwardThreads;
  constexpr int kStepsAtOnce = Layout::kStepsAtOnce;
  extern __shared__ float4 shared_memory[];
  float* const shared_B = reinterpret_cast<float*>(shared_memory);
  float* const shared_C = shared_B + p.tile * kStates;
  float* const shared_exponent = shared_C + p.tile * kStates;
  float* const shared_input = shared_exponent + p.tile * kBlockChannels;
  float* const shared_y = shared_input + p.tile * kBlockChannels;
  float* const shared_gate = shared_y + p.tile * kBlockChannels;

  const CudaScanArguments<T>& args = p.args;
  const std::int64_t place = blockIdx.x / p.channel_blocks;
  const int first_channel = static_cast<int>(blockIdx.x % p.channel_blocks) * kBlockChannels;
  const int chunk = static_cast<int>(place % p.chunks);
  const std::int64_t sequence = place / p.chunks;
  const std::int64_t clip = sequence % args.clips;
  const std::int64_t direction = sequence / args.clips;
  const int channels = static_cast<int>(args.channels);
  const std::int64_t chunk_begin = static_cast<std::int64_t>(chunk) * p.chunk_length;
  const int steps =
      static_cast<int>(min(static_cast<std::int64_t>(p.chunk_length), args.tokens - chunk_begin));

  const int thread = static_cast<int>(threadIdx.x);
  const int lane = thread % 32;
  const int in_group = lane % kGroupLanes;
  const int thread_channel = thread / 32 * Layout::kWarpChannels + lane / kGroupLanes * kChannels;
  const float first_power = static_cast<float>(in_group * kLaneStates + 1);
  const auto state_place = [&](int channel) {
    return ((sequence * p.chunks + chunk) * channels + channel) * kStates + in_group * kLaneStates;
  };

  float h[kChannels][kLaneStates];
  float rates[kChannels][kLinear ? 1 : kLaneStates];
  float exponent_sum[kChannels];
#pragma unroll
  for (int k = 0; k < kChannels; ++k) {
    const int channel = first_channel + thread_channel + k;
    exponent_sum[k] = 0.F;
#pragma unroll
    for (int j = 0; j < kLaneStates; ++j) h[k][j] = 0.F;
    if constexpr (!kLinear) {
#pragma unroll
      for (int j = 0; j < kLaneStates; ++j) rates[k][j] = 0.F;
    }
    if (channel >= channels) continue;
    if constexpr (!kStatesOnly) {
      if (p.starts != nullptr) load8(p.starts + state_place(channel), h[k]);
    }
    if constexpr (!kLinear) {
      const float* A = args.A + direction * args.A_direction +
                       static_cast<std::int64_t>(channel) * kStates + in_group * kLaneStates;
#pragma unroll
      for (int j = 0; j < kLaneStates; ++j) rates[k][j] = A[j] * kLog2E;
    }
  }

  TileLoads<T, kStates, kChannels, kLinear, kStatesOnly> loads;
  const auto steps_from = [&](int begin) {
    return TileSteps{direction, clip, chunk_begin + begin, min(p.tile, steps - begin)};
  };
  const auto prefetch = [&](int begin) {
    loads.fetch_states(args, steps_from(begin), thread);
    loads.fetch_channels(args, steps_from(begin), first_channel, thread);
  };
  if (Layout::kPrefetch) prefetch(0);
  for (int begin = 0; begin < steps; begin += p.tile) {
    const TileSteps tile = steps_from(begin);
    const int count = tile.count;
    const int padded = (count + kStepsAtOnce - 1) / kStepsAtOnce * kStepsAtOnce;
    __syncthreads();  // the tile before is done with
    const SharedTile shared{shared_B,     shared_C, shared_exponent,
                            shared_input, shared_y, shared_gate};
    if (!Layout::kPrefetch) loads.fetch_states(args, tile, thread);
    loads.place_states(thread, padded, shared);
    if (!Layout::kPrefetch) loads.fetch_channels(args, tile, first_channel, thread);
    loads.place_channels(args, tile, first_channel, thread, padded, shared);
    __syncthreads();
    if (Layout::kPrefetch && begin + p.tile < steps) prefetch(begin + p.tile);

#pragma unroll 1
    for (int t0 = 0; t0 < padded; t0 += kStepsAtOnce) {
      float sums[kStepsAtOnce * kChannels];
#pragma unroll
      for (int s = 0; s < kStepsAtOnce; ++s) {
        const int t = t0 + s;
        struct alignas(4 * kChannels) Channels {
          float values[kChannels];
        };
        const auto of_channels = [&](const float* shared) {
          return *reinterpret_cast<const Channels*>(shared + t * kBlockChannels + thread_channel);
        };
        const auto of_states = [&](const float* shared, float(&out)[kLaneStates]) {
          const float* from = shared + t * kStates + in_group * 4;
          const float4 low = *reinterpret_cast<const float4*>(from);
          const float4 high = *reinterpret_cast<const float4*>(from + kStates / 2);
          out[0] = low.x, out[1] = low.y, out[2] = low.z, out[3] = low.w;
          out[4] = high.x, out[5] = high.y, out[6] = high.z, out[7] = high.w;
        };
        const Channels exponents = of_channels(shared_exponent);
        const Channels inputs = of_channels(shared_input);
        float B[kLaneStates], C[kLaneStates];
        of_states(shared_B, B);
        if constexpr (!kStatesOnly) of_states(shared_C, C);
#pragma unroll
        for (int k = 0; k < kChannels; ++k) {
          float decay[kLaneStates];
          decays<kLinear>(exponents.values[k], rates[k], first_power, decay);
          if constexpr (kStatesOnly) exponent_sum[k] += exponents.values[k];
          float sum = 0.F;
#pragma unroll
          for (int j = 0; j < kLaneStates; ++j) {
            h[k][j] = fmaf(decay[j], h[k][j], inputs.values[k] * B[j]);
            if constexpr (!kStatesOnly) sum = fmaf(C[j], h[k][j], sum);
          }
          sums[s * kChannels + k] = sum;
        }
      }
      if constexpr (!kStatesOnly) {
        sum_over_group<kGroupLanes>(sums, lane, [&](int index, float sum) {
          const int t = t0 + index / kChannels;
          shared_y[t * kBlockChannels + thread_channel + index % kChannels] += sum;
        });
      }
    }

    if constexpr (!kStatesOnly) {
      __syncthreads();
      using Map = TileMap<kThreads, kBlockChannels>;
      const StepRows<T> rows_y(p.y, direction, clip, tile.first_step, args.tokens);
      const StepRows<T> rows_ungated(p.ungated, direction, clip, tile.first_step, args.tokens);
#pragma unroll
      for (int repeat = 0; repeat < Map::kRepeats; ++repeat) {
        const int column = thread % Map::kColumns + repeat * Map::kColumns;
        const int channel = first_channel + column;
        if (channel >= channels) break;
#pragma unroll 4
        for (int t = thread / Map::kColumns; t < count; t += Map::kRows) {
          const int at = t * kBlockChannels + column;
          const float y = shared_y[at];
          if (p.ungated.data != nullptr) rows_ungated.row(t)[channel] = from_float<T>(y);
          rows_y.row(t)[channel] = from_float<T>(y * shared_gate[at]);
        }
      }
    }
  }

  if constexpr (kStatesOnly) {
#pragma unroll
    for (int k = 0; k < kChannels; ++k) {
      const int channel = first_channel + thread_channel + k;
      if (channel >= channels) continue;
      auto* to = reinterpret_cast<float4*>(p.ends + state_place(channel));
      to[0] = {h[k][0], h[k][1], h[k][2], h[k][3]};
      to[1] = {h[k][4], h[k][5], h[k][6], h[k][7]};
      if (in_group == 0) {
        p.exponents[(sequence * p.chunks + chunk) * channels + channel] = exponent_sum[k];
      }
    }
  }
}

template <typename T, int kChannels, bool kStatesOnly>
cudaError_t launch_forward(ForwardParameters<T>& p, cudaStream_t stream) {
  return with_constant<16, 32, 64, 128, 256>(p.args.states, [&](auto states) {
    using Layout = ForwardLayout<states, kChannels>;
    // Tiles of equal length, so that the last one is not nearly empty.
    const int tiles = (p.chunk_length + Layout::kMaxTile - 1) / Layout::kMaxTile;
    p.tile = (p.chunk_length + tiles - 1) / tiles;
    p.tile = (p.tile + Layout::kStepsAtOnce - 1) / Layout::kStepsAtOnce * Layout::kStepsAtOnce;
    p.channel_blocks =
        static_cast<int>((p.args.channels + Layout::kBlockChannels - 1) / Layout::kBlockChannels);
    const std::int64_t blocks = p.args.directions * p.args.clips * p.chunks * p.channel_blocks;
    const std::size_t shared = sizeof(float) * p.tile * Layout::kStepFloats;
    const auto kernel = p.args.rates != nullptr
                            ? scan_forward_kernel<T, states, kChannels, true, kStatesOnly>
                            : scan_forward_kernel<T, states, kChannels, false, kStatesOnly>;
    kernel<<<static_cast<unsigned>(blocks), kForwardWarps * 32, shared, stream>>>(p);
    return cudaGetLastError();
  });
}

template <typename T>
cudaError_t scan_forward(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                         std::int64_t thread_channels, const float* starts, const Rows<T>& y,
                         const Rows<T>& ungated, cudaStream_t stream) {
  ForwardParameters<T> p{};
  p.args = args;
  p.y = y;
  p.ungated = ungated;
  p.starts = starts;
  p.chunk_length = static_cast<int>(chunks.length);
  p.chunks = static_cast<int>(chunks.count);
  return thread_channels == 4 ? launch_forward<T, 4, false>(p, stream)
                              : launch_forward<T, 2, false>(p, stream);
}

template <typename T>
cudaError_t scan_states(const CudaScanArguments<T>& args, const ScanChunks& chunks, float* ends,
                        float* exponents, cudaStream_t stream) {
  ForwardParameters<T> p{};
  p.args = args;
  p.ends = ends;
  p.exponents = exponents;
  p.chunk_length = static_cast<int>(chunks.length);
  p.chunks = static_cast<int>(chunks.count);
  return launch_forward<T, 4, true>(p, stream);
}

using Element = OMNIQ_ELEMENT;
template cudaError_t scan_forward(const CudaScanArguments<Element>&, const ScanChunks&,
                                  std::int64_t, const float*, const Rows<Element>&,
                                  const Rows<Element>&, cudaStream_t);
template cudaError_t scan_states(const CudaScanArguments<Element>&, const ScanChunks&, float*,
                                 float*, cudaStream_t);

}  // namespace omniq::kernels::detail
