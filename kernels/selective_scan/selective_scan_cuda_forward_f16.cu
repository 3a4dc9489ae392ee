#include "kernels/selective_scan/selective_scan_cuda_forward.cuh"

namespace omniq::kernels::detail {

template cudaError_t scan_forward(const CudaScanArguments<__half>&, const ScanChunks&, std::int64_t,
                                  const float*, const Rows<__half>&, const Rows<__half>&,
                                  cudaStream_t);
template cudaError_t scan_states(const CudaScanArguments<__half>&, const ScanChunks&, float*,
                                 float*, cudaStream_t);

}  // namespace omniq::kernels::detail
