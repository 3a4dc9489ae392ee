// A block has one multiprocessor to itself, and both weights in its shared memory; each of its
// warps takes 32 tokens at a time. The hidden layer is made 16 channels at a time, in registers.
//
// A lane 4g + i reads and writes tokens g, g + 8, g + 16 and g + 24 as vectors of eight channels,
// the i-th of every four. That is not how fragments of a product lie, but a sum over channels has
// no order, and rows of a weight may be in any: the weights are put into shared memory so that a
// lane's channels are its own in both products.
#include "kernels/common/cuda_half_products.cuh"
#include "kernels/token_mlp/token_mlp_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kWarps = 8, kTokens = 32;  // of a block; of a warp at a time
constexpr float kEpsilon = 1e-5F;

/// Of 32 · kVectors channels.
template <typename T, int kVectors>
struct MlpWeights {
  static constexpr int kChannels = 32 * kVectors, kHidden = 4 * kChannels;
  // Rows are 16 bytes longer than they need to be: no bank conflicts.
  T expand[kHidden][kChannels + 8];
  T shrink[kChannels][kHidden + 8];
  float bias[kHidden];
  float offset[kChannels];
};

/// x · Φ(x) to 3e-5, and what the special-function unit's tanh adds: 2^-11 of it.
__device__ __forceinline__ float gelu(float x) {
  const float square = fminf(x * x, 50.F);  // beyond, the polynomial falls again
  const float slope = fmaf(fmaf(-3.5153e-4F, square, 3.70058e-2F), square, 7.97508e-1F);
  float t;
  asm("tanh.approx.f32 %0, %1;" : "=f"(t) : "f"(x * slope));
  const float half = 0.5F * x;
  return fmaf(half, t, half);
}

/// Four 8 × 8 matrices of a weight [row][k]: two right operands, of rows `row` and `row` + 8 on.
template <typename T, int kPitch>
__device__ __forceinline__ void load_rights(const T (*weight)[kPitch], int row, int k,
                                            unsigned (&first)[2], unsigned (&second)[2]) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const T* from = &weight[row + lane % 8 + lane / 16 * 8][k + lane / 8 % 2 * 8];
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(first[0]), "=r"(first[1]), "=r"(second[0]), "=r"(second[1])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(from))));
}

template <typename T, int kVectors>
__device__ void fetch_weights(const CudaTokenMlpArguments<T>& args,
                              MlpWeights<T, kVectors>& weights) {
  using Weights = MlpWeights<T, kVectors>;
  constexpr int kChannels = Weights::kChannels, kHidden = Weights::kHidden;
  const int threads = 32 * kWarps, thread = static_cast<int>(threadIdx.x);
  // Column 16s + 8b + 2i of the first product is channel 8 (i + 4 (s / 2)) + 4 (s % 2) + 2b.
  for (int n = thread; n < kHidden * kChannels / 2; n += threads) {
    const int row = n / (kChannels / 2), k = n % (kChannels / 2) * 2;
    const int s = k / 16, b = k / 8 % 2, i = k / 2 % 4;
    const int channel = 8 * (i + s / 2 * 4) + s % 2 * 4 + b * 2;
    *reinterpret_cast<unsigned*>(&weights.expand[row][k]) =
        *reinterpret_cast<const unsigned*>(args.expand + row * kChannels + channel);
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

/// The lane's part of one token, normed and rounded: pairs[v][e / 2] of channels 8 (i + 4v) + e.
template <typename T, int kVectors>
__device__ __forceinline__ void load_normed(const T* token, bool exists, int i, const float* offset,
                                            unsigned (&pairs)[kVectors][4]) {
  float x[kVectors][8];
  float sum = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const int channel = 8 * (i + 4 * v);
    if (exists) {
      load8(token + channel, x[v]);
    } else {
#pragma unroll
      for (int e = 0; e < 8; ++e) x[v][e] = 0.F;
    }
    float added[8];
    load8(offset + channel, added);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      x[v][e] += added[e];
      sum += x[v][e];
    }
  }
  const auto mean_of = [](float y) {
    y += __shfl_xor_sync(kFullWarp, y, 1);
    y += __shfl_xor_sync(kFullWarp, y, 2);
    return y / static_cast<float>(32 * kVectors);
  };
  const float mean = mean_of(sum);
  float squares = 0.F;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      x[v][e] -= mean;
      squares = fmaf(x[v][e], x[v][e], squares);
    }
  }
  const float scale = rsqrtf(mean_of(squares) + kEpsilon);
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
#pragma unroll
    for (int e = 0; e < 8; e += 2)
      pairs[v][e / 2] = pack_half<T>(x[v][e] * scale, x[v][e + 1] * scale);
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
  for (; tile * kTokens < args.tokens; tile += step) {
    const std::int64_t first = tile * kTokens + g;
    T* tokens = args.x + first * kChannels;
    if (const std::int64_t next = (tile + step) * kTokens + lane; next < args.tokens) {
      const T* row = args.x + next * kChannels;  // on its way from memory meanwhile
      asm volatile("prefetch.global.L2 [%0];" ::"l"(row));
      asm volatile("prefetch.global.L2 [%0];" ::"l"(row + kChannels - 1));
    }

    unsigned normed[2][kSteps][4];  // left operands of 16 tokens each
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      unsigned pairs[kVectors][4];
      load_normed<T, kVectors>(tokens + part * 8 * kChannels, first + part * 8 < args.tokens, i,
                               weights.offset, pairs);
#pragma unroll
      for (int s = 0; s < kSteps; ++s) {
        normed[part / 2][s][part % 2] = pairs[s / 2][s % 2 * 2];
        normed[part / 2][s][part % 2 + 2] = pairs[s / 2][s % 2 * 2 + 1];
      }
    }

    float out[2][kOutTiles][4] = {};
#pragma unroll 1
    for (int hidden = 0; hidden < kHidden; hidden += 16) {
      float sums[2][2][4];
#pragma unroll
      for (int n = 0; n < 2; ++n) {
        const float2 bias = *reinterpret_cast<const float2*>(&weights.bias[hidden + 8 * n + 2 * i]);
#pragma unroll
        for (int m = 0; m < 2; ++m) {
          sums[m][n][0] = sums[m][n][2] = bias.x;
          sums[m][n][1] = sums[m][n][3] = bias.y;
        }
      }
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

template <typename T, int kVectors>
cudaError_t launch_token_mlp(const CudaTokenMlpArguments<T>& args, cudaStream_t stream) {
  auto* kernel = token_mlp_kernel<T, kVectors>;
  constexpr std::size_t kShared = sizeof(MlpWeights<T, kVectors>);
  int device = 0, processors = 0, resident = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  }
  if (error == cudaSuccess) {
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kShared);
  }
  if (error == cudaSuccess) {
    error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, 32 * kWarps, kShared);
  }
  if (error != cudaSuccess) return error;
  const std::int64_t tiles = (args.tokens + kTokens - 1) / kTokens;
  const std::int64_t most = static_cast<std::int64_t>(resident) * processors;
  const auto blocks = static_cast<unsigned>(tiles < most ? tiles : most);
  kernel<<<blocks, 32 * kWarps, kShared, stream>>>(args);
  return cudaGetLastError();
}

}  // namespace

template <typename T>
cudaError_t token_mlp(const CudaTokenMlpArguments<T>& args, cudaStream_t stream) {
  if (args.channels == 32) return launch_token_mlp<T, 1>(args, stream);
  if (args.channels == 64) return launch_token_mlp<T, 2>(args, stream);
  if (args.channels == 96) return launch_token_mlp<T, 3>(args, stream);
  return cudaErrorInvalidValue;
}

}  // namespace omniq::kernels::detail
