#include "kernels/window_attention/window_attention_cuda.cuh"

namespace omniq::kernels::detail {

template cudaError_t window_attention(const CudaWindowAttentionArguments<__half>&, cudaStream_t);

}  // namespace omniq::kernels::detail
