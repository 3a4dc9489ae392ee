#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_backward.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_backward(const CudaSsdArguments<float>&, const CudaSsdGradients<float>&,
                                  cudaStream_t);

}  // namespace omniq::kernels::detail
