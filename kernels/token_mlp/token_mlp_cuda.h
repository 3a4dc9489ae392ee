// The CUDA kernel of token_mlp_(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace omniq::kernels::detail {

inline bool has_token_mlp_kernel(std::int64_t channels, std::int64_t hidden) {
  return (channels == 32 || channels == 64 || channels == 96) && hidden == 4 * channels;
}

/// What a block keeps in shared memory, for 32 · kVectors channels.
template <typename T, int kVectors>
struct MlpWeights {
  static constexpr int kChannels = 32 * kVectors, kHidden = 4 * kChannels;
  // Rows are 16 bytes longer than they need to be: no bank conflicts.
  T expand[kHidden][kChannels + 8];
  T shrink[kChannels][kHidden + 8];
  float bias[kHidden];
  float offset[kChannels];
};

/// Its bytes; T has two.
inline std::size_t token_mlp_shared_bytes(int channels) {
  if (channels == 32) return sizeof(MlpWeights<std::uint16_t, 1>);
  if (channels == 64) return sizeof(MlpWeights<std::uint16_t, 2>);
  return sizeof(MlpWeights<std::uint16_t, 3>);
}

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
