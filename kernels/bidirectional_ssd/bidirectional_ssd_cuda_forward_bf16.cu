#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_forward.cuh"
#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_states.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_forward(const CudaSsdArguments<__nv_bfloat16>&, const SsdStates&,
                                 const Rows<__nv_bfloat16>&, cudaStream_t);
template cudaError_t ssd_states(const CudaSsdArguments<__nv_bfloat16>&,
                                const Rows<const __nv_bfloat16>&, const SsdStates&, cudaStream_t);

}  // namespace omniq::kernels::detail
