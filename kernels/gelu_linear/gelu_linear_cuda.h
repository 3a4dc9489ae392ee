// The CUDA kernels of GELU in gelu_linear(), on plain pointers: compiled without torch.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// T: __half or __nv_bfloat16. Tensors are contiguous and start at multiples of 16 bytes; hidden is
/// a multiple of 8.
template <typename T>
struct CudaGeluArguments {
  std::int64_t rows, rows_of_frame;
  int hidden;
  const T* x;         // [rows, hidden]
  const float* bias;  // [hidden]
  const float* keep;  // [rows / rows_of_frame]; null for ones
  T* active;          // [rows, hidden]: keep · gelu(x + bias)
};

template <typename T>
cudaError_t gelu(const CudaGeluArguments<T>& args, cudaStream_t stream);

/// Blocks that share the rows of gelu_backward() on a GPU of so many multiprocessors.
int gelu_backward_parts(std::int64_t rows, int hidden, int processors);

/// The same, and gradients: `d` [rows, hidden] is that of `active`, and becomes that of x. d_bias
/// [parts, hidden]: shares of the bias's gradient.
template <typename T>
cudaError_t gelu_backward(const CudaGeluArguments<T>& args, T* d, float* d_bias, int parts,
                          cudaStream_t stream);

}  // namespace omniq::kernels::detail
