#include "kernels/selective_scan/selective_scan_cuda_products.cuh"

namespace omniq::kernels::detail {

template std::int64_t scan_products_shared_bytes<__half>(std::int64_t);
template cudaError_t scan_forward_products(const CudaScanArguments<__half>&, const ScanChunks&,
                                           const float*, const float*, const Rows<__half>&,
                                           const Rows<__half>&, cudaStream_t);
template cudaError_t scan_states_products(const CudaScanArguments<__half>&, const ScanChunks&,
                                          float*, float*, cudaStream_t);

}  // namespace omniq::kernels::detail
