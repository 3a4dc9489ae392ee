#include "kernels/token_mlp/token_mlp_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t token_mlp(const CudaTokenMlpArguments<__nv_bfloat16>&, cudaStream_t);

std::size_t token_mlp_shared_bytes(int channels) {
  if (channels == 32) return sizeof(MlpWeights<__nv_bfloat16, 1>);
  if (channels == 64) return sizeof(MlpWeights<__nv_bfloat16, 2>);
  return sizeof(MlpWeights<__nv_bfloat16, 3>);
}

}  // namespace omniq::kernels::detail
