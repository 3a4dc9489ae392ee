#include "kernels/causal_conv1d/causal_conv1d_cuda.cuh"

namespace omniq::kernels::detail {

std::int64_t conv_backward_slices(std::int64_t clips, std::int64_t tokens) {
  return clips * conv_slices_of_clip(clips, tokens);
}

template cudaError_t conv_forward(const CudaConvArguments<float>&, const Rows<float>&,
                                  cudaStream_t);
template cudaError_t conv_backward(const CudaConvArguments<float>&, const CudaConvGradients<float>&,
                                   cudaStream_t);

}  // namespace omniq::kernels::detail
