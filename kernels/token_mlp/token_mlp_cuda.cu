// A block has both weights in its shared memory; each of its warps takes 32 tokens at a time. The
// hidden layer is made 16 channels at a time, in registers.
//
// A lane keeps the channels that it has read (cuda_token_tiles.cuh) in the second product too.
#include "kernels/common/cuda_token_tiles.cuh"
#include "kernels/token_mlp/token_mlp_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kWarps = 8;  // of a block

/// x · Φ(x) to 3e-5, and what the special-function unit's tanh adds: 2^-11 of it.
__device__ __forceinline__ float gelu(float x) {
  const float square = fminf(x * x, 50.F);  // beyond, the polynomial falls again
  const float slope = fmaf(fmaf(-3.5153e-4F, square, 3.70058e-2F), square, 7.97508e-1F);
  float t;
  asm("tanh.approx.f32 %0, %1;" : "=f"(t) : "f"(x * slope));
  const float half = 0.5F * x;
  return fmaf(half, t, half);
}

template <typename T, int kVectors>
__device__ void fetch_weights(const CudaTokenMlpArguments<T>& args,
                              MlpWeights<T, kVectors>& weights) {
  using Weights = MlpWeights<T, kVectors>;
  constexpr int kChannels = Weights::kChannels, kHidden = Weights::kHidden;
  const int threads = 32 * kWarps, thread = static_cast<int>(threadIdx.x);
  for (int n = thread; n < kHidden * kChannels / 2; n += threads) {
    const int row = n / (kChannels / 2), k = n % (kChannels / 2) * 2;
    copy_pair(&weights.expand[row][k], args.expand + row * kChannels + channel_of_column(k));
  }
  // Row 8t + 2i + e of the second is channel 8 (i + 4 (t / 4)) + 2 (t % 4) + e.
  constexpr int kOfRow = kHidden / 8;
  for (int n = thread; n < kChannels * kOfRow; n += threads) {
    const int row = n / kOfRow, k = n % kOfRow * 8;
    const int t = row / 8, i = row / 2 % 4;
    const int channel = 8 * (i + t / 4 * 4) + t % 4 * 2 + row % 2;
    *reinterpret_cast<uint4*>(&weights.shrink[row][k]) =
        *reinterpret_cast<const uint4*>(args.shrink + channel * kHidden + k);
  }
  for (int n = thread; n < kHidden; n += threads) weights.bias[n] = args.bias[n];
  for (int n = thread; n < kChannels; n += threads) {
    weights.offset[n] = args.offset == nullptr ? 0.F : args.offset[n];
  }
}

template <typename T, int kVectors>
__global__ void __launch_bounds__(32 * kWarps, 1)
    token_mlp_kernel(const CudaTokenMlpArguments<T> args) {
  using Weights = MlpWeights<T, kVectors>;
  constexpr int kChannels = Weights::kChannels, kHidden = Weights::kHidden;
  constexpr int kSteps = kChannels / 16, kOutTiles = kChannels / 8;
  extern __shared__ __align__(16) unsigned char shared[];
  auto& weights = *reinterpret_cast<Weights*>(shared);
  fetch_weights(args, weights);
  __syncthreads();

  const int lane = static_cast<int>(threadIdx.x) % 32, g = lane / 4, i = lane % 4;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kWarps;
  // Blocks before warps, so that few tokens are spread over all multiprocessors.
  std::int64_t tile = static_cast<std::int64_t>(threadIdx.x / 32) * gridDim.x + blockIdx.x;
  for (; tile * kTileTokens < args.tokens; tile += step) {
    const std::int64_t first = tile * kTileTokens + g;
    T* tokens = args.x + first * kChannels;
    prefetch_token<kChannels>(args.x, (tile + step) * kTileTokens + lane, args.tokens);

    unsigned normed[2][kSteps][4];
    load_normed_tile<T, kVectors>(tokens, args.tokens - first, i, weights.offset, normed);

    // Sixteen hidden channels, before GELU.
    using Hidden = TokenResults<2>;
    const auto expand = [&](int hidden, Hidden& sums) {
      start_from_bias<2>(sums, &weights.bias[hidden + 2 * i]);
#pragma unroll
      for (int s = 0; s < kSteps; ++s) {
        unsigned right[2][2];
        load_rights(weights.expand, hidden, 16 * s, right[0], right[1]);
#pragma unroll
        for (int m = 0; m < 2; ++m) {
#pragma unroll
          for (int n = 0; n < 2; ++n) multiply_half<T>(sums[m][n], normed[m][s], right[n]);
        }
      }
    };

    float out[2][kOutTiles][4] = {};
    Hidden sums, next;
    expand(0, sums);
#pragma unroll 2
    for (int hidden = 0; hidden < kHidden; hidden += 16) {
      // The next channels' products fill the tensor cores while GELU is computed.
      expand(min(hidden + 16, kHidden - 16), next);
      unsigned active[2][4];
#pragma unroll
      for (int m = 0; m < 2; ++m) {
#pragma unroll
        for (int p = 0; p < 4; ++p) {
          const float* pair = &sums[m][p / 2][p % 2 * 2];
          active[m][p] = pack_half<T>(gelu(pair[0]), gelu(pair[1]));
        }
      }
#pragma unroll
      for (int t = 0; t < kOutTiles; t += 2) {
        unsigned right[2][2];
        load_rights(weights.shrink, 8 * t, hidden, right[0], right[1]);
#pragma unroll
        for (int m = 0; m < 2; ++m) {
#pragma unroll
          for (int n = 0; n < 2; ++n) multiply_half<T>(out[m][t + n], active[m], right[n]);
        }
      }
#pragma unroll
      for (int e = 0; e < 16; ++e) sums[e / 8][e / 4 % 2][e % 4] = next[e / 8][e / 4 % 2][e % 4];
    }

#pragma unroll
    for (int part = 0; part < 4; ++part) {
      if (first + part * 8 >= args.tokens) continue;
#pragma unroll
      for (int v = 0; v < kVectors; ++v) {
        T* to = tokens + part * 8 * kChannels + 8 * (i + 4 * v);
        float x[8];
        load8(to, x);
        unsigned pairs[4];
#pragma unroll
        for (int q = 0; q < 4; ++q) {
          const float* added = &out[part / 2][4 * v + q][part % 2 * 2];
          pairs[q] = pack_half<T>(x[2 * q] + added[0], x[2 * q + 1] + added[1]);
        }
        *reinterpret_cast<uint4*>(to) = {pairs[0], pairs[1], pairs[2], pairs[3]};
      }
    }
  }
}

}  // namespace

template <typename T>
cudaError_t token_mlp(const CudaTokenMlpArguments<T>& args, cudaStream_t stream) {
  return with_constant<32, 64, 96>(args.channels, [&](auto channels) {
    constexpr int kVectors = channels / 32;
    return launch_resident(token_mlp_kernel<T, kVectors>, 32 * kWarps,
                           sizeof(MlpWeights<T, kVectors>), token_tiles(args.tokens), stream, args);
  });
}

using Element = OMNIQ_ELEMENT;
template cudaError_t token_mlp(const CudaTokenMlpArguments<Element>&, cudaStream_t);

}  // namespace omniq::kernels::detail
