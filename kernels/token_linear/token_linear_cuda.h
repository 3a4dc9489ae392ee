// The CUDA kernel of token_linear(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

inline bool has_token_linear_kernel(std::int64_t channels, std::int64_t out_channels) {
  return (channels == 32 || channels == 64 || channels == 96) && out_channels % 32 == 0 &&
         out_channels <= 3 * channels;
}

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes.
template <typename T>
struct CudaTokenLinearArguments {
  std::int64_t tokens;
  int channels, out_channels;
  const T* x;           // [tokens, channels]
  const float* offset;  // [channels], of the norm; null for none
  const T* weight;      // [out_channels, channels]
  const float* bias;    // [out_channels]
  T* out;               // [tokens, out_channels]
};

template <typename T>
cudaError_t token_linear(const CudaTokenLinearArguments<T>& args, cudaStream_t stream);

}  // namespace omniq::kernels::detail
