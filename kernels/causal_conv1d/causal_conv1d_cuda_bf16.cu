#include "kernels/causal_conv1d/causal_conv1d_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t conv_forward(const CudaConvArguments<__nv_bfloat16>&,
                                  const Rows<__nv_bfloat16>&, cudaStream_t);
template cudaError_t conv_backward(const CudaConvArguments<__nv_bfloat16>&,
                                   const CudaConvGradients<__nv_bfloat16>&, cudaStream_t);

}  // namespace omniq::kernels::detail
