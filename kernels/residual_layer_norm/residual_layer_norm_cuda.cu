// A block has a row, a thread four of its channels.
#include "kernels/common/cuda_math.cuh"
#include "kernels/common/norm_epsilon.h"
#include "kernels/residual_layer_norm/residual_layer_norm_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kVector = 4;
constexpr int kMostThreads = kMostResidualLayerNormChannels / kVector;

/// The mean over the row's channels of what each thread brings; `of_warps` is its own for each
/// call.
__device__ __forceinline__ float mean_of_row(float x, float* of_warps, int channels) {
  x = sum_of_warp(x);
  if (threadIdx.x % 32 == 0) of_warps[threadIdx.x / 32] = x;
  __syncthreads();
  float sum = 0.F;
  for (unsigned w = 0; w < blockDim.x / 32; ++w) sum += of_warps[w];
  return sum / static_cast<float>(channels);
}

template <typename T>
__global__ void __launch_bounds__(kMostThreads)
    residual_layer_norm_kernel(const CudaResidualLayerNormArguments<T> args) {
  __shared__ float of_warps[2][kMostThreads / 32];
  const int channels = static_cast<int>(args.channels);
  const int c = static_cast<int>(threadIdx.x) * kVector;
  const bool exists = c < channels;
  const std::int64_t place = static_cast<std::int64_t>(blockIdx.x) * args.channels + c;
  float x[kVector] = {}, weight[kVector] = {}, bias[kVector] = {};
  if (exists) {
    load_some<kVector>(args.x + place, x);
    load_some<kVector>(args.weight + c, weight);  // early: a second wait would show
    load_some<kVector>(args.bias + c, bias);
    if (args.delta != nullptr) {
      float delta[kVector];
      load_some<kVector>(args.delta + place, delta);
      // As T holds it: what is normed is what is passed on.
#pragma unroll
      for (int v = 0; v < kVector; ++v) x[v] = to_float(from_float<T>(x[v] + delta[v]));
      store_some<kVector>(args.sum + place, x);
    }
  }
  const float mean = mean_of_row((x[0] + x[1]) + (x[2] + x[3]), of_warps[0], channels);
  float squares = 0.F;
#pragma unroll
  for (int v = 0; v < kVector; ++v) {
    x[v] = exists ? x[v] - mean : 0.F;
    squares = fmaf(x[v], x[v], squares);
  }
  const float scale =
      rsqrtf(mean_of_row(squares, of_warps[1], channels) + static_cast<float>(kNormEpsilon));
  if (!exists) return;
#pragma unroll
  for (int v = 0; v < kVector; ++v) x[v] = fmaf(x[v] * scale, weight[v], bias[v]);
  store_some<kVector>(args.norm + place, x);
}

}  // namespace

template <typename T>
cudaError_t residual_layer_norm(const CudaResidualLayerNormArguments<T>& args,
                                cudaStream_t stream) {
  if (args.channels > kMostResidualLayerNormChannels) return cudaErrorInvalidValue;
  const auto threads = static_cast<unsigned>((args.channels / kVector + 31) / 32 * 32);
  residual_layer_norm_kernel<T><<<static_cast<unsigned>(args.rows), threads, 0, stream>>>(args);
  return cudaGetLastError();
}

template cudaError_t residual_layer_norm(const CudaResidualLayerNormArguments<float>&,
                                         cudaStream_t);
template cudaError_t residual_layer_norm(const CudaResidualLayerNormArguments<__half>&,
                                         cudaStream_t);
template cudaError_t residual_layer_norm(const CudaResidualLayerNormArguments<__nv_bfloat16>&,
                                         cudaStream_t);

}  // namespace omniq::kernels::detail
