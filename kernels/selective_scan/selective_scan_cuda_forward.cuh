// The forward kernel of the scan. One block works on one chunk of one sequence (a clip in one
// direction) and a block of channels: it brings a tile of steps into shared memory as float32,
// already in scan order, and each warp then runs its channels through the tile without a barrier.
#pragma once

#include <algorithm>

#include "kernels/selective_scan/selective_scan_cuda_common.cuh"

namespace omniq::kernels::detail {

inline constexpr int kForwardWarps = 4;
inline constexpr int kForwardChannels = 4;  // of a thread

template <int kStates>
struct ForwardLayout : WarpLayout<kStates> {
  static constexpr int kWarpChannels = WarpLayout<kStates>::kGroups * kForwardChannels;
  static constexpr int kBlockChannels = kForwardWarps * kWarpChannels;
  static_assert(kBlockChannels == scan_forward_block_channels(kStates));
  // Rows of shared memory for a step: B, C; exponent, Δu, y.
  static constexpr int kStepFloats = 2 * kStates + 3 * kBlockChannels;
  // Six blocks then fit on a multiprocessor of compute capability 9.0.
  static constexpr int kMaxTile = 36 * 1024 / (kStepFloats * 4);
};

template <typename T>
struct ForwardParameters {
  CudaScanArguments<T> args;
  DeviceRows<T> y, ungated;
  const float* starts;
  float *ends, *exponents;
  int chunk_length, chunks, tile, channel_blocks;
};

template <typename T, int kStates, bool kLinear, bool kStatesOnly>
__global__ void __launch_bounds__(kForwardWarps * 32, kLinear ? 5 : 4)
    scan_forward_kernel(const ForwardParameters<T> p) {
  using Layout = ForwardLayout<kStates>;
  constexpr int kGroupLanes = Layout::kGroupLanes;
  constexpr int kBlockChannels = Layout::kBlockChannels;
  constexpr int kThreads = kForwardWarps * 32;
  constexpr int kChannels = kForwardChannels;
  extern __shared__ float4 shared_memory[];
  float* const shared_B = reinterpret_cast<float*>(shared_memory);
  float* const shared_C = shared_B + p.tile * kStates;
  float* const shared_exponent = shared_C + p.tile * kStates;
  float* const shared_input = shared_exponent + p.tile * kBlockChannels;
  float* const shared_y = shared_input + p.tile * kBlockChannels;

  const CudaScanArguments<T>& args = p.args;
  const std::int64_t place = blockIdx.x / p.channel_blocks;
  const int first_channel = static_cast<int>(blockIdx.x % p.channel_blocks) * kBlockChannels;
  const int chunk = static_cast<int>(place % p.chunks);
  const std::int64_t sequence = place / p.chunks;
  const std::int64_t clip = sequence % args.clips;
  const std::int64_t direction = sequence / args.clips;
  const bool reversed = direction == 1;
  const int channels = static_cast<int>(args.channels);
  const std::int64_t chunk_begin = static_cast<std::int64_t>(chunk) * p.chunk_length;
  const int steps =
      static_cast<int>(min(static_cast<std::int64_t>(p.chunk_length), args.tokens - chunk_begin));

  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int in_group = lane % kGroupLanes;
  const int thread_channel =
      static_cast<int>(threadIdx.x) / 32 * Layout::kWarpChannels + lane / kGroupLanes * kChannels;
  const float first_power = static_cast<float>(in_group * kLaneStates + 1);

  const auto row = [&](const auto& rows, std::int64_t token) {
    return rows.data + direction * rows.direction + clip * rows.clip + token * rows.token;
  };
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
    __syncthreads();  // the tile before is done with
    constexpr int kQuads = kStates / 4;
    for (int i = threadIdx.x; i < count * kQuads; i += kThreads) {
      const int t = i / kQuads, quad = i % kQuads;
      const std::int64_t token = token_of(chunk_begin + begin + t, reversed, args.tokens);
      // The first four states of all lanes, then the second four: reads have no bank conflicts.
      const int to = t * kStates + (quad & 1) * (kStates / 2) + (quad >> 1) * 4;
      *reinterpret_cast<float4*>(shared_B + to) = load4(row(args.B, token) + quad * 4);
      if constexpr (!kStatesOnly) {
        *reinterpret_cast<float4*>(shared_C + to) = load4(row(args.C, token) + quad * 4);
      }
    }
    for (int i = threadIdx.x; i < count * kBlockChannels; i += kThreads) {
      const int t = i / kBlockChannels, channel = first_channel + i % kBlockChannels;
      const std::int64_t token = token_of(chunk_begin + begin + t, reversed, args.tokens);
      float exponent = 0.F, input = 0.F;
      if (channel < channels && (args.mask == nullptr || args.mask[clip * args.tokens + token])) {
        const float step = softplus(to_float(row(args.delta, token)[channel]) +
                                    args.delta_bias[direction * args.bias_direction + channel]);
        input = step * to_float(row(args.u, token)[channel]);
        exponent = step;
        if constexpr (kLinear) {
          exponent *= -kLog2E * args.rates[direction * args.rates_direction + channel];
        }
      }
      shared_exponent[i] = exponent;
      shared_input[i] = input;
    }
    __syncthreads();

#pragma unroll 1
    for (int t = 0; t < count; ++t) {
      const float4 e4 =
          *reinterpret_cast<const float4*>(shared_exponent + t * kBlockChannels + thread_channel);
      const float4 x4 =
          *reinterpret_cast<const float4*>(shared_input + t * kBlockChannels + thread_channel);
      const float exponents[kChannels] = {e4.x, e4.y, e4.z, e4.w};
      const float inputs[kChannels] = {x4.x, x4.y, x4.z, x4.w};
      const auto states_of = [&](const float* shared, float(&out)[kLaneStates]) {
        const float* from = shared + t * kStates + in_group * 4;
        const float4 low = *reinterpret_cast<const float4*>(from);
        const float4 high = *reinterpret_cast<const float4*>(from + kStates / 2);
        out[0] = low.x, out[1] = low.y, out[2] = low.z, out[3] = low.w;
        out[4] = high.x, out[5] = high.y, out[6] = high.z, out[7] = high.w;
      };
      float B[kLaneStates], C[kLaneStates];
      states_of(shared_B, B);
      if constexpr (!kStatesOnly) states_of(shared_C, C);
      float sums[kChannels];
#pragma unroll
      for (int k = 0; k < kChannels; ++k) {
        float decay[kLaneStates];
        decays<kLinear>(exponents[k], rates[k], first_power, decay);
        if constexpr (kStatesOnly) exponent_sum[k] += exponents[k];
        float sum = 0.F;
#pragma unroll
        for (int j = 0; j < kLaneStates; ++j) {
          h[k][j] = fmaf(decay[j], h[k][j], inputs[k] * B[j]);
          if constexpr (!kStatesOnly) sum = fmaf(C[j], h[k][j], sum);
        }
        sums[k] = sum;
      }
      if constexpr (!kStatesOnly) {
        sum_over_group<kGroupLanes>(sums, lane, [&](int k, float sum) {
          shared_y[t * kBlockChannels + thread_channel + k] = sum;
        });
      }
    }

    if constexpr (!kStatesOnly) {
      __syncthreads();
      for (int i = threadIdx.x; i < count * kBlockChannels; i += kThreads) {
        const int t = i / kBlockChannels, channel = first_channel + i % kBlockChannels;
        if (channel >= channels) continue;
        const std::int64_t token = token_of(chunk_begin + begin + t, reversed, args.tokens);
        const float u = to_float(row(args.u, token)[channel]);
        float y = fmaf(args.D_skip[direction * args.D_direction + channel], u, shared_y[i]);
        if (p.ungated.data != nullptr) row(p.ungated, token)[channel] = from_float<T>(y);
        if (args.z.data != nullptr) y *= silu(to_float(row(args.z, token)[channel]));
        row(p.y, token)[channel] = from_float<T>(y);
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

template <typename T, int kStates, bool kStatesOnly>
cudaError_t launch_forward(ForwardParameters<T>& p, cudaStream_t stream) {
  using Layout = ForwardLayout<kStates>;
  // Tiles of equal length, so that the last one is not nearly empty.
  const int tiles = (p.chunk_length + Layout::kMaxTile - 1) / Layout::kMaxTile;
  p.tile = (p.chunk_length + tiles - 1) / tiles;
  p.channel_blocks =
      static_cast<int>((p.args.channels + Layout::kBlockChannels - 1) / Layout::kBlockChannels);
  const std::int64_t blocks = p.args.directions * p.args.clips * p.chunks * p.channel_blocks;
  const std::size_t shared = sizeof(float) * p.tile * Layout::kStepFloats;
  const auto kernel = p.args.rates != nullptr ? scan_forward_kernel<T, kStates, true, kStatesOnly>
                                              : scan_forward_kernel<T, kStates, false, kStatesOnly>;
  kernel<<<static_cast<unsigned>(blocks), kForwardWarps * 32, shared, stream>>>(p);
  return cudaGetLastError();
}

template <typename T, bool kStatesOnly>
cudaError_t launch_forward(ForwardParameters<T>& p, cudaStream_t stream) {
  switch (p.args.states) {
    case 16:
      return launch_forward<T, 16, kStatesOnly>(p, stream);
    case 32:
      return launch_forward<T, 32, kStatesOnly>(p, stream);
    case 64:
      return launch_forward<T, 64, kStatesOnly>(p, stream);
    case 128:
      return launch_forward<T, 128, kStatesOnly>(p, stream);
    case 256:
      return launch_forward<T, 256, kStatesOnly>(p, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

template <typename T>
cudaError_t scan_forward(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                         const float* starts, const DeviceRows<T>& y, const DeviceRows<T>& ungated,
                         cudaStream_t stream) {
  ForwardParameters<T> p{};
  p.args = args;
  p.y = y;
  p.ungated = ungated;
  p.starts = starts;
  p.chunk_length = static_cast<int>(chunks.length);
  p.chunks = static_cast<int>(chunks.count);
  return launch_forward<T, false>(p, stream);
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
  return launch_forward<T, true>(p, stream);
}

}  // namespace omniq::kernels::detail
