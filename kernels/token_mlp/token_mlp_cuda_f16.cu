#include "kernels/token_mlp/token_mlp_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t token_mlp(const CudaTokenMlpArguments<__half>&, cudaStream_t);

}  // namespace omniq::kernels::detail
