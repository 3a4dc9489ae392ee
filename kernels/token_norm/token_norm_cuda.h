// The CUDA kernels of token norms, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

inline constexpr int kMostTokenNormChannels = 2048, kMostMeanTokenNormChannels = 1024;

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes; channels
/// are a multiple of 8.
template <typename T>
struct CudaTokenNormArguments {
  const T* x;
  const float *weight, *bias;  // [channels, or 4 · channels where four tokens are merged]
  const float* offset;         // [channels]; null for none
  int channels;                // of x
};

/// x [rows, channels] → out.
template <typename T>
cudaError_t token_norm(const CudaTokenNormArguments<T>& args, std::int64_t rows, T* out,
                       cudaStream_t stream);

/// x [frames, height, width, channels] → out [frames, ⌈height/2⌉, ⌈width/2⌉, 4 · channels].
template <typename T>
cudaError_t merged_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames,
                              int height, int width, T* out, cudaStream_t stream);

/// x [frames, tokens, channels] → out [frames, channels].
template <typename T>
cudaError_t mean_token_norm(const CudaTokenNormArguments<T>& args, std::int64_t frames, int tokens,
                            float* out, cudaStream_t stream);

}  // namespace omniq::kernels::detail
