// A block has elements of one row, [o, sample, :], and a thread those that lie a block apart.
#include <algorithm>
#include <type_traits>

#include "kernels/common/cuda_math.cuh"
#include "kernels/keyed_dropout/keyed_bits.h"
#include "kernels/keyed_dropout/keyed_dropout_cuda.h"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 256, kElements = 4;  // of a thread
constexpr std::int64_t kOfBlock = std::int64_t{kThreads} * kElements;
constexpr std::int64_t kMostBlocks = 65535;  // of a row, as a grid's second axis has them

/// Calls f(element of its sample, place in memory, bits of the sample) for what this thread has.
template <typename F>
__device__ __forceinline__ void for_each_element(const KeyedRows& rows, const F& f) {
  const std::int64_t row = blockIdx.x;
  const SampleBits bits(rows.key, rows.samples[row % rows.batch]);
  const std::int64_t before = row / rows.batch * rows.inner;  // of the sample, in rows before
  for (std::int64_t first = blockIdx.y * kOfBlock; first < rows.inner;
       first += gridDim.y * kOfBlock) {
#pragma unroll
    for (int e = 0; e < kElements; ++e) {
      const std::int64_t i = first + e * kThreads + threadIdx.x;
      if (i < rows.inner) f(before + i, row * rows.inner + i, bits);
    }
  }
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    keyed_dropout_kernel(const KeyedRows rows, const T* x, std::uint32_t threshold, double scale,
                         T* y) {
  for_each_element(rows, [&](std::int64_t element, std::int64_t at, const SampleBits& bits) {
    const bool keeps = bits(element) >= threshold;
    if constexpr (std::is_same_v<T, double>) {
      y[at] = keeps ? x[at] * scale : 0.0;
    } else {
      y[at] = from_float<T>(keeps ? to_float(x[at]) * static_cast<float>(scale) : 0.F);
    }
  });
}

__global__ void __launch_bounds__(kThreads) keyed_uniform_kernel(const KeyedRows rows, float* out) {
  for_each_element(rows, [&](std::int64_t element, std::int64_t at, const SampleBits& bits) {
    out[at] = bits.uniform(element);
  });
}

dim3 grid_of(const KeyedRows& rows) {
  return {static_cast<unsigned>(rows.outer * rows.batch),
          static_cast<unsigned>(std::min((rows.inner + kOfBlock - 1) / kOfBlock, kMostBlocks))};
}

}  // namespace

template <typename T>
cudaError_t keyed_dropout(const KeyedRows& rows, const T* x, std::uint32_t threshold, double scale,
                          T* y, cudaStream_t stream) {
  keyed_dropout_kernel<<<grid_of(rows), kThreads, 0, stream>>>(rows, x, threshold, scale, y);
  return cudaGetLastError();
}

cudaError_t keyed_uniform(const KeyedRows& rows, float* out, cudaStream_t stream) {
  keyed_uniform_kernel<<<grid_of(rows), kThreads, 0, stream>>>(rows, out);
  return cudaGetLastError();
}

#define OMNIQ_INSTANTIATE(T)                                                                \
  template cudaError_t keyed_dropout(const KeyedRows&, const T*, std::uint32_t, double, T*, \
                                     cudaStream_t);
OMNIQ_INSTANTIATE(double)
OMNIQ_INSTANTIATE(float)
OMNIQ_INSTANTIATE(__half)
OMNIQ_INSTANTIATE(__nv_bfloat16)

}  // namespace omniq::kernels::detail
