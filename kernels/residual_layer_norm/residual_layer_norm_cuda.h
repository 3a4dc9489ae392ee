// The CUDA kernel of the residual sum and norm, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

inline constexpr std::int64_t kMostResidualLayerNormChannels = 1024;

/// T: float, __half or __nv_bfloat16. Contiguous rows that start at multiples of four elements.
template <typename T>
struct CudaResidualLayerNormArguments {
  std::int64_t rows, channels;
  const T *x, *delta;          // delta null for none
  const float *weight, *bias;  // [channels]
  T *sum, *norm;               // sum null without delta
};

template <typename T>
cudaError_t residual_layer_norm(const CudaResidualLayerNormArguments<T>& args, cudaStream_t stream);

}  // namespace omniq::kernels::detail
