#include "kernels/selective_scan/selective_scan_cuda_backward.cuh"

namespace omniq::kernels::detail {

template ScanBackwardPlan plan_scan_backward(const CudaScanArguments<float>&, int, int);
template cudaError_t scan_backward(const CudaScanArguments<float>&, const CudaScanGradients<float>&,
                                   const ScanBackwardPlan&, cudaStream_t);

}  // namespace omniq::kernels::detail
