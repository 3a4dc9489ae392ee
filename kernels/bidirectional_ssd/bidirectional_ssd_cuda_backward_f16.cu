#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_backward.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_backward(const CudaSsdArguments<__half>&, const CudaSsdGradients<__half>&,
                                  cudaStream_t);

}  // namespace omniq::kernels::detail
