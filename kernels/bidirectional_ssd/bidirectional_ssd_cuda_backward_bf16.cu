#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_backward.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_backward(const CudaSsdArguments<__nv_bfloat16>&,
                                  const CudaSsdGradients<__nv_bfloat16>&, cudaStream_t);

}  // namespace omniq::kernels::detail
