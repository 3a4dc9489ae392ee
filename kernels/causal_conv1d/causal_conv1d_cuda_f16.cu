#include "kernels/causal_conv1d/causal_conv1d_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t conv_forward(const CudaConvArguments<__half>&, const Rows<__half>&,
                                  cudaStream_t);
template cudaError_t conv_backward(const CudaConvArguments<__half>&,
                                   const CudaConvGradients<__half>&, cudaStream_t);

}  // namespace omniq::kernels::detail
