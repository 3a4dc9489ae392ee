#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_forward.cuh"
#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_states.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_forward(const CudaSsdArguments<__half>&, const SsdStates&,
                                 const Rows<__half>&, cudaStream_t);
template cudaError_t ssd_states(const CudaSsdArguments<__half>&, const Rows<const __half>&,
                                const SsdStates&, cudaStream_t);

}  // namespace omniq::kernels::detail
