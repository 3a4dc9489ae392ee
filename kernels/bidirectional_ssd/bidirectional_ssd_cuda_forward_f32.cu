#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_forward.cuh"
#include "kernels/bidirectional_ssd/bidirectional_ssd_cuda_states.cuh"

namespace omniq::kernels::detail {

template cudaError_t ssd_forward(const CudaSsdArguments<float>&, const SsdStates&,
                                 const Rows<float>&, cudaStream_t);
template cudaError_t ssd_states(const CudaSsdArguments<float>&, const Rows<const float>&,
                                const SsdStates&, cudaStream_t);

}  // namespace omniq::kernels::detail
