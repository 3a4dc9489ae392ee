// A block has a row and keeps it in registers; backward it has some rows, one after the other, and
// reads each twice, the second time from the cache.
#include "kernels/common/cuda_math.cuh"
#include "kernels/common/norm_epsilon.h"
#include "kernels/gated_rms_norm/gated_rms_norm_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 128;
constexpr int kVector = 4;

/// Sums over the block, of two values at once.
__device__ __forceinline__ float2 sum_of_block(float2 x) {
  __shared__ float2 of_warps[kThreads / 32];
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    x.x += __shfl_xor_sync(kFullWarp, x.x, distance);
    x.y += __shfl_xor_sync(kFullWarp, x.y, distance);
  }
  __syncthreads();  // what was there is read
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = x;
  __syncthreads();
  float2 sum{0.F, 0.F};
#pragma unroll
  for (int w = 0; w < kThreads / 32; ++w) sum.x += of_warps[w].x, sum.y += of_warps[w].y;
  return sum;
}

template <typename T>
__device__ __forceinline__ T* row_of(const Rows<T>& rows, std::int64_t row, std::int64_t tokens) {
  return rows.data + row / tokens * rows.clip + row % tokens * rows.token;
}

/// kParts: of a row, each of 512 channels, in registers; the last may be beyond its end.
template <typename T, int kParts>
__global__ void __launch_bounds__(kThreads)
    gated_norm_forward_kernel(const CudaGatedNormArguments<T> args, const Rows<T> out) {
  const T* row_y = row_of(args.y, blockIdx.x, args.tokens);
  const T* row_z = row_of(args.z, blockIdx.x, args.tokens);
  const int channels = static_cast<int>(args.channels);
  const auto channel = [](int i) {
    return (i * kThreads + static_cast<int>(threadIdx.x)) * kVector;
  };
  float x[kParts][kVector] = {}, z[kParts][kVector] = {}, weight[kParts][kVector];
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
    if (channel(i) >= channels) continue;
    load_some<kVector>(row_y + channel(i), x[i]);
    load_some<kVector>(row_z + channel(i), z[i]);
    load_some<kVector>(args.weight + channel(i), weight[i]);
  }
  float2 sums{0.F, 0.F};
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
#pragma unroll
    for (int v = 0; v < kVector; ++v) {
      x[i][v] *= silu(z[i][v]);
      sums.x = fmaf(x[i][v], x[i][v], sums.x);
    }
  }
  const float scale = rsqrtf(sum_of_block(sums).x / static_cast<float>(channels) +
                             static_cast<float>(kNormEpsilon));
  T* to = row_of(out, blockIdx.x, args.tokens);
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
    if (channel(i) >= channels) continue;
#pragma unroll
    for (int v = 0; v < kVector; ++v) x[i][v] *= scale * weight[i][v];
    store_some<kVector>(to + channel(i), x[i]);
  }
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    gated_norm_backward_kernel(const CudaGatedNormArguments<T> args,
                               const CudaGatedNormGradients<T> grads) {
  extern __shared__ float of_weight[];  // a thread's own channels
  const int channels = static_cast<int>(args.channels), step = kThreads * kVector;
  const int first = static_cast<int>(threadIdx.x) * kVector;
  for (int c = first; c < channels; c += step) {
#pragma unroll
    for (int v = 0; v < kVector; ++v) of_weight[c + v] = 0.F;
  }
  for (std::int64_t row = blockIdx.x; row < args.clips * args.tokens; row += grads.shares) {
    const T* row_y = row_of(args.y, row, args.tokens);
    const T* row_z = row_of(args.z, row, args.tokens);
    const T* row_g = row_of(grads.out, row, args.tokens);
    const auto load = [&](int c, float(&y)[kVector], float(&z)[kVector], float(&g)[kVector],
                          float(&weight)[kVector]) {
      load_some<kVector>(row_y + c, y);
      load_some<kVector>(row_z + c, z);
      load_some<kVector>(row_g + c, g);
      load_some<kVector>(args.weight + c, weight);
    };
    float2 sums{0.F, 0.F};  // of x² and of weight · g · x
    for (int c = first; c < channels; c += step) {
      float y[kVector], z[kVector], g[kVector], weight[kVector];
      load(c, y, z, g, weight);
#pragma unroll
      for (int v = 0; v < kVector; ++v) {
        const float x = y[v] * silu(z[v]);
        sums.x = fmaf(x, x, sums.x);
        sums.y = fmaf(weight[v] * g[v], x, sums.y);
      }
    }
    sums = sum_of_block(sums);
    const float scale =
        rsqrtf(sums.x / static_cast<float>(channels) + static_cast<float>(kNormEpsilon));
    const float along = scale * scale * sums.y / static_cast<float>(channels);
    T* to_y = row_of(grads.y, row, args.tokens);
    T* to_z = row_of(grads.z, row, args.tokens);
    for (int c = first; c < channels; c += step) {
      float y[kVector], z[kVector], g[kVector], weight[kVector], dy[kVector], dz[kVector];
      load(c, y, z, g, weight);
#pragma unroll
      for (int v = 0; v < kVector; ++v) {
        const float gate = silu(z[v]), x = y[v] * gate;
        const float dx = scale * (weight[v] * g[v] - x * along);
        dy[v] = dx * gate;
        dz[v] = dx * y[v] * silu_derivative(z[v]);
        of_weight[c + v] = fmaf(g[v] * x, scale, of_weight[c + v]);
      }
      store_some<kVector>(to_y + c, dy);
      store_some<kVector>(to_z + c, dz);
    }
  }
  for (int c = first; c < channels; c += step) {
#pragma unroll
    for (int v = 0; v < kVector; ++v) {
      grads.weight[blockIdx.x * args.channels + c + v] = of_weight[c + v];
    }
  }
}

}  // namespace

template <typename T>
cudaError_t gated_norm_forward(const CudaGatedNormArguments<T>& args, const Rows<T>& out,
                               cudaStream_t stream) {
  constexpr int kPart = kThreads * kVector;
  if (args.channels > kMostGatedNormChannels) return cudaErrorInvalidValue;
  const auto kernel = args.channels <= kPart
                          ? gated_norm_forward_kernel<T, 1>
                          : (args.channels <= 4 * kPart
                                 ? gated_norm_forward_kernel<T, 4>
                                 : gated_norm_forward_kernel<T, kMostGatedNormChannels / kPart>);
  kernel<<<static_cast<unsigned>(args.clips * args.tokens), kThreads, 0, stream>>>(args, out);
  return cudaGetLastError();
}

template <typename T>
cudaError_t gated_norm_backward(const CudaGatedNormArguments<T>& args,
                                const CudaGatedNormGradients<T>& grads, cudaStream_t stream) {
  gated_norm_backward_kernel<T>
      <<<static_cast<unsigned>(grads.shares), kThreads,
         static_cast<std::size_t>(args.channels) * sizeof(float), stream>>>(args, grads);
  return cudaGetLastError();
}

#define OMNIQ_INSTANTIATE(T)                                                                \
  template cudaError_t gated_norm_forward(const CudaGatedNormArguments<T>&, const Rows<T>&, \
                                          cudaStream_t);                                    \
  template cudaError_t gated_norm_backward(const CudaGatedNormArguments<T>&,                \
                                           const CudaGatedNormGradients<T>&, cudaStream_t);
OMNIQ_INSTANTIATE(float)
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
