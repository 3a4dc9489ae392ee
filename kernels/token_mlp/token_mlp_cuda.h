// The CUDA kernel of token_mlp_(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace omniq::kernels::detail {

inline bool has_token_mlp_kernel(std::int64_t channels, std::int64_t hidden) {
  return (channels == 32 || channels == 64 || channels == 96) && hidden == 4 * channels;
}

/// Shared memory of a block in bytes.
std::size_t token_mlp_shared_bytes(int channels);

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes.
template <typename T>
struct CudaTokenMlpArguments {
  std::int64_t tokens;
  int channels;
  T* x;                 // [tokens, channels], to be added to
  const float* offset;  // [channels], of the norm; null for none
  const T* expand;      // [4 · channels, channels]
  const float* bias;    // [4 · channels]
  const T* shrink;      // [channels, 4 · channels]
};

template <typename T>
cudaError_t token_mlp(const CudaTokenMlpArguments<T>& args, cudaStream_t stream);

}  // namespace omniq::kernels::detail
