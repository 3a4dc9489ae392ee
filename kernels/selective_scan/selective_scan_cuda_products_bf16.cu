#include "kernels/selective_scan/selective_scan_cuda_products.cuh"

namespace omniq::kernels::detail {

template std::int64_t scan_products_shared_bytes<__nv_bfloat16>(std::int64_t);
template cudaError_t scan_forward_products(const CudaScanArguments<__nv_bfloat16>&,
                                           const ScanChunks&, const float*, const float*,
                                           const Rows<__nv_bfloat16>&, const Rows<__nv_bfloat16>&,
                                           cudaStream_t);
template cudaError_t scan_states_products(const CudaScanArguments<__nv_bfloat16>&,
                                          const ScanChunks&, float*, float*, cudaStream_t);

}  // namespace omniq::kernels::detail
