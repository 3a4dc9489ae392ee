// The CUDA kernels of the gated norm, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

inline constexpr std::int64_t kMostGatedNormChannels = 8192;

/// T: float, __half or __nv_bfloat16. Rows start at multiples of four elements, as many as channels
/// are a multiple of.
template <typename T>
struct CudaGatedNormArguments {
  std::int64_t clips, tokens, channels;
  Rows<const T> y, z;
  const float* weight;  // [channels]
};

template <typename T>
cudaError_t gated_norm_forward(const CudaGatedNormArguments<T>& args, const Rows<T>& out,
                               cudaStream_t stream);

template <typename T>
struct CudaGatedNormGradients {
  Rows<const T> out;
  Rows<T> y, z;
  std::int64_t shares;
  float* weight;  // [shares, channels]: to be summed
};

template <typename T>
cudaError_t gated_norm_backward(const CudaGatedNormArguments<T>& args,
                                const CudaGatedNormGradients<T>& grads, cudaStream_t stream);

}  // namespace omniq::kernels::detail
