#include "kernels/selective_scan/selective_scan_cuda_products_backward_launch.cuh"

namespace omniq::kernels::detail {

template std::int64_t scan_backward_products_shared_bytes<__nv_bfloat16>(std::int64_t);
template ScanProductScratch scan_backward_products_scratch(const CudaScanArguments<__nv_bfloat16>&);
template cudaError_t scan_backward_products(const CudaScanArguments<__nv_bfloat16>&,
                                            const CudaScanProductGradients<__nv_bfloat16>&,
                                            const ScanChunks&, cudaStream_t);

}  // namespace omniq::kernels::detail
