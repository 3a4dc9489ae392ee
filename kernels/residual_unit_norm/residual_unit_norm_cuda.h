// The CUDA kernels of residual norms, on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

inline constexpr int kMostResidualUnitNormChannels = 2048;

/// How tokens make rows that are normed.
struct ResidualRows {
  std::int64_t frames;
  int height, width, channels;  // of a map of tokens
  bool merged;                  // rows of four neighbours

  __host__ __device__ std::int64_t rows_of_frame() const {
    return merged ? static_cast<std::int64_t>((height + 1) / 2) * ((width + 1) / 2)
                  : static_cast<std::int64_t>(height) * width;
  }
  __host__ __device__ int row_channels() const { return merged ? 4 * channels : channels; }
};

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes; channels
/// are a multiple of 8. Normed rows lie one after the other, [rows, row_channels].
template <typename T>
struct CudaResidualUnitNormArguments {
  ResidualRows shape;
  const T* x;
  const T* branch;    // null for none
  const float* bias;  // [channels]; null for none
  const float* keep;  // [frames]; null for ones
  T* sum;             // as x; null where it is not wanted
  T* normed;
  float* scales;  // [rows]: 1 ÷ √(variance + ε)
};

template <typename T>
cudaError_t residual_unit_norm(const CudaResidualUnitNormArguments<T>& args, cudaStream_t stream);

template <typename T>
struct CudaResidualUnitNormBackwardArguments {
  ResidualRows shape;
  const T* normed;
  const float* scales;
  const float* keep;  // [frames]; null for ones
  const T* d_normed;  // null for zeros
  const T* d_sum;     // null for zeros
  T* d_x;             // the branch's too
  /// [parts, row_channels]: shares of the bias's gradient, one of each block. Null if not wanted.
  float* d_bias;
  int parts;
};

/// Blocks that share the rows of residual_unit_norm_backward(): as many as the current device runs at
/// once.
template <typename T>
cudaError_t residual_unit_norm_backward_parts(const ResidualRows& shape, int* parts);
template <typename T>
cudaError_t residual_unit_norm_backward(const CudaResidualUnitNormBackwardArguments<T>& args,
                                        cudaStream_t stream);

}  // namespace omniq::kernels::detail
