#include "kernels/selective_scan/selective_scan_cuda_forward.cuh"

namespace omniq::kernels::detail {

template cudaError_t scan_forward(const CudaScanArguments<float>&, const ScanChunks&, std::int64_t,
                                  const float*, const Rows<float>&, const Rows<float>&,
                                  cudaStream_t);
template cudaError_t scan_states(const CudaScanArguments<float>&, const ScanChunks&, float*, float*,
                                 cudaStream_t);

}  // namespace omniq::kernels::detail
