// The forward kernel of the scan. One block works on one chunk of one sequence (a clip in one
// direction) and a block of channels: it brings a tile of steps into shared memory as float32,
// already in scan order, and each warp then runs its channels through the tile without a barrier.
#pragma once

#include <algorithm>

#include "kernels/selective_scan/selective_scan_cuda_common.cuh"

namespace omniq::kernels::detail {

inline constexpr int kForwardWarps = 4;
inline constexpr int kStepsAtOnce = 2;  // whose sums over states are taken together

/// kChannels: of a thread. Four use what is read of B and C best; with two, twice as many threads
/// work on a sequence.
template <int kStates, int kChannels>
struct ForwardLayout : WarpLayout<kStates> {
  static constexpr int kWarpChannels = WarpLayout<kStates>::kGroups * kChannels;
  static constexpr int kBlockChannels = kForwardWarps * kWarpChannels;
  static_assert(kBlockChannels == scan_forward_block_channels(kStates, kChannels));
  // Rows of shared memory for a step: B, C; exponent, Δu, y, gate.
  static constexpr int kStepFloats = 2 * kStates + 4 * kBlockChannels;
  // Six blocks then fit on a multiprocessor of compute capability 9.0; and one batch of loads.
  static constexpr int kMaxTile = std::min(36 * 1024 / (kStepFloats * 4), 20) / 2 * 2;
};

template <typename T>
struct ForwardParameters {
  CudaScanArguments<T> args;
  DeviceRows<T> y, ungated;
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
  constexpr int kThreads = kForwardWarps * 32;
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

  for (int begin = 0; begin < steps; begin += p.tile) {
    const int count = min(p.tile, steps - begin);
    // Steps beyond the end change nothing: their exponent and input are zero.
    const int padded = (count + kStepsAtOnce - 1) / kStepsAtOnce * kStepsAtOnce;
    const std::int64_t first_step = chunk_begin + begin;
    __syncthreads();  // the tile before is done with

    // Every thread has several loads of each tensor in flight.
    constexpr int kQuads = kStates / 4;
    constexpr int kQuadRows = kThreads / kQuads;
    const StepRows<const T> rows_B(args.B, direction, clip, first_step, args.tokens);
    const StepRows<const T> rows_C(args.C, direction, clip, first_step, args.tokens);
    const int quad = thread % kQuads;
    // The first four states of all lanes, then the second four: reads have no bank conflicts.
    const int quad_place = (quad & 1) * (kStates / 2) + (quad >> 1) * 4;
    for (int t0 = thread / kQuads; t0 < padded; t0 += kQuadRows * kBatch) {
      float4 B[kBatch], C[kBatch];
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        const int t = min(t0 + i * kQuadRows, count - 1);
        B[i] = load4(rows_B.row(t) + quad * 4);
        if constexpr (!kStatesOnly) C[i] = load4(rows_C.row(t) + quad * 4);
      }
#pragma unroll
      for (int i = 0; i < kBatch; ++i) {
        const int t = t0 + i * kQuadRows;
        if (t >= padded) break;
        *reinterpret_cast<float4*>(shared_B + t * kStates + quad_place) = B[i];
        if constexpr (!kStatesOnly) {
          *reinterpret_cast<float4*>(shared_C + t * kStates + quad_place) = C[i];
        }
      }
    }

    using Map = TileMap<kThreads, kBlockChannels>;
    const StepRows<const T> rows_u(args.u, direction, clip, first_step, args.tokens);
    const StepRows<const T> rows_delta(args.delta, direction, clip, first_step, args.tokens);
    const StepRows<const T> rows_z(args.z, direction, clip, first_step, args.tokens);
    const DeviceRows<const bool> mask{args.mask, 0, args.tokens, 1};
    const StepRows<const bool> rows_mask(mask, direction, clip, first_step, args.tokens);
#pragma unroll
    for (int repeat = 0; repeat < Map::kRepeats; ++repeat) {
      const int column = thread % Map::kColumns + repeat * Map::kColumns;
      const int channel = first_channel + column;
      const int read = min(channel, channels - 1);  // what does not exist is not stored
      const float bias = args.delta_bias[direction * args.bias_direction + read];
      const float skip = args.D_skip[direction * args.D_direction + read];
      float scale = 1.F;
      if constexpr (kLinear) {
        scale = -kLog2E * args.rates[direction * args.rates_direction + read];
      }
      for (int t0 = thread / Map::kColumns; t0 < padded; t0 += Map::kRows * kBatch) {
        float u[kBatch], delta[kBatch], z[kBatch];
        bool live[kBatch];
#pragma unroll
        for (int i = 0; i < kBatch; ++i) {
          const int t = min(t0 + i * Map::kRows, count - 1);
          u[i] = to_float(rows_u.row(t)[read]);
          delta[i] = to_float(rows_delta.row(t)[read]);
          z[i] = 0.F;
          if constexpr (!kStatesOnly) {
            if (args.z.data != nullptr) z[i] = to_float(rows_z.row(t)[read]);
          }
          live[i] = args.mask == nullptr || *rows_mask.row(t);
        }
#pragma unroll
        for (int i = 0; i < kBatch; ++i) {
          const int t = t0 + i * Map::kRows;
          if (t >= padded) break;
          const float step = live[i] && t < count ? softplus(delta[i] + bias).value : 0.F;
          const int at = t * kBlockChannels + column;
          shared_exponent[at] = step * scale;
          shared_input[at] = step * u[i];
          if constexpr (!kStatesOnly) {
            shared_y[at] = skip * u[i];
            shared_gate[at] = args.z.data != nullptr ? silu(z[i]) : 1.F;
          }
        }
      }
    }
    __syncthreads();

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
      const StepRows<T> rows_y(p.y, direction, clip, first_step, args.tokens);
      const StepRows<T> rows_ungated(p.ungated, direction, clip, first_step, args.tokens);
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

template <typename T, int kStates, int kChannels, bool kStatesOnly>
cudaError_t launch_forward(ForwardParameters<T>& p, cudaStream_t stream) {
  using Layout = ForwardLayout<kStates, kChannels>;
  // Tiles of equal length, so that the last one is not nearly empty.
  const int tiles = (p.chunk_length + Layout::kMaxTile - 1) / Layout::kMaxTile;
  p.tile = (p.chunk_length + tiles - 1) / tiles;
  p.tile = (p.tile + kStepsAtOnce - 1) / kStepsAtOnce * kStepsAtOnce;
  p.channel_blocks =
      static_cast<int>((p.args.channels + Layout::kBlockChannels - 1) / Layout::kBlockChannels);
  const std::int64_t blocks = p.args.directions * p.args.clips * p.chunks * p.channel_blocks;
  const std::size_t shared = sizeof(float) * p.tile * Layout::kStepFloats;
  const auto kernel = p.args.rates != nullptr
                          ? scan_forward_kernel<T, kStates, kChannels, true, kStatesOnly>
                          : scan_forward_kernel<T, kStates, kChannels, false, kStatesOnly>;
  kernel<<<static_cast<unsigned>(blocks), kForwardWarps * 32, shared, stream>>>(p);
  return cudaGetLastError();
}

template <typename T, int kChannels, bool kStatesOnly>
cudaError_t launch_forward(ForwardParameters<T>& p, cudaStream_t stream) {
  switch (p.args.states) {
    case 16:
      return launch_forward<T, 16, kChannels, kStatesOnly>(p, stream);
    case 32:
      return launch_forward<T, 32, kChannels, kStatesOnly>(p, stream);
    case 64:
      return launch_forward<T, 64, kChannels, kStatesOnly>(p, stream);
    case 128:
      return launch_forward<T, 128, kChannels, kStatesOnly>(p, stream);
    case 256:
      return launch_forward<T, 256, kChannels, kStatesOnly>(p, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

template <typename T>
cudaError_t scan_forward(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                         std::int64_t thread_channels, const float* starts, const DeviceRows<T>& y,
                         const DeviceRows<T>& ungated, cudaStream_t stream) {
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

}  // namespace omniq::kernels::detail
