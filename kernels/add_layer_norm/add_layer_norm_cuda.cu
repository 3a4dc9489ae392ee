// A warp has a row and keeps it in registers.
#include "kernels/add_layer_norm/add_layer_norm_cuda.h"
#include "kernels/common/cuda_math.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kWarps = 4;
constexpr int kVector = 4;
constexpr int kOfWarp = 32 * kVector;
constexpr float kEpsilon = 1e-5F;

__device__ __forceinline__ float sum_of_warp(float x) {
#pragma unroll
  for (int distance = 16; distance > 0; distance /= 2) {
    x += __shfl_xor_sync(kFullWarp, x, distance);
  }
  return x;
}

/// kParts: of a row, each of 128 channels; the last may be beyond its end.
template <typename T, int kParts>
__global__ void __launch_bounds__(kWarps * 32)
    add_layer_norm_kernel(const CudaAddNormArguments<T> args) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32;
  if (row >= args.rows) return;
  const int channels = static_cast<int>(args.channels);
  const int first = static_cast<int>(threadIdx.x) % 32 * kVector;
  const std::int64_t start = row * args.channels;
  float x[kParts][kVector] = {}, delta[kParts][kVector] = {};
  float weight[kParts][kVector], bias[kParts][kVector];
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
    const int c = i * kOfWarp + first;
    if (c >= channels) continue;
    load_some<kVector>(args.x + start + c, x[i]);
    if (args.delta != nullptr) load_some<kVector>(args.delta + start + c, delta[i]);
    load_some<kVector>(args.weight + c, weight[i]);  // early: a second wait would show
    load_some<kVector>(args.bias + c, bias[i]);
  }
  float sum = 0.F, squares = 0.F;
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
#pragma unroll
    for (int v = 0; v < kVector; ++v) {
      // As T holds it: what is normed is what is passed on.
      if (args.delta != nullptr) x[i][v] = to_float(from_float<T>(x[i][v] + delta[i][v]));
      sum += x[i][v];
    }
  }
  const float mean = sum_of_warp(sum) / static_cast<float>(channels);
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
    const bool exists = i * kOfWarp + first < channels;
#pragma unroll
    for (int v = 0; v < kVector; ++v) {
      const float d = exists ? x[i][v] - mean : 0.F;
      squares = fmaf(d, d, squares);
    }
  }
  const float scale = rsqrtf(sum_of_warp(squares) / static_cast<float>(channels) + kEpsilon);
#pragma unroll
  for (int i = 0; i < kParts; ++i) {
    const int c = i * kOfWarp + first;
    if (c >= channels) continue;
    if (args.sum != nullptr) store_some<kVector>(args.sum + start + c, x[i]);
    float y[kVector];
#pragma unroll
    for (int v = 0; v < kVector; ++v)
      y[v] = fmaf((x[i][v] - mean) * scale, weight[i][v], bias[i][v]);
    store_some<kVector>(args.norm + start + c, y);
  }
}

}  // namespace

template <typename T>
cudaError_t add_layer_norm(const CudaAddNormArguments<T>& args, cudaStream_t stream) {
  if (args.channels > kMostNormChannels) return cudaErrorInvalidValue;
  const auto kernel =
      args.channels <= 2 * kOfWarp
          ? add_layer_norm_kernel<T, 2>
          : (args.channels <= 6 * kOfWarp ? add_layer_norm_kernel<T, 6>
                                          : add_layer_norm_kernel<T, kMostNormChannels / kOfWarp>);
  kernel<<<static_cast<unsigned>((args.rows + kWarps - 1) / kWarps), kWarps * 32, 0, stream>>>(
      args);
  return cudaGetLastError();
}

template cudaError_t add_layer_norm(const CudaAddNormArguments<float>&, cudaStream_t);
template cudaError_t add_layer_norm(const CudaAddNormArguments<__half>&, cudaStream_t);
template cudaError_t add_layer_norm(const CudaAddNormArguments<__nv_bfloat16>&, cudaStream_t);

}  // namespace omniq::kernels::detail
