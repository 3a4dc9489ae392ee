#include "kernels/selective_scan/selective_scan_cuda_backward.cuh"

namespace omniq::kernels::detail {

template ScanBackwardPlan plan_scan_backward(const CudaScanArguments<__nv_bfloat16>&, int, int);
template cudaError_t scan_backward(const CudaScanArguments<__nv_bfloat16>&,
                                   const CudaScanGradients<__nv_bfloat16>&, const ScanBackwardPlan&,
                                   cudaStream_t);

}  // namespace omniq::kernels::detail
