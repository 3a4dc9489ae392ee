#include "kernels/token_linear/token_linear_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t token_linear(const CudaTokenLinearArguments<__nv_bfloat16>&, cudaStream_t);

}  // namespace omniq::kernels::detail
