#include "kernels/selective_scan/selective_scan_cuda_products_backward_launch.cuh"

namespace omniq::kernels::detail {

template std::int64_t scan_backward_products_shared_bytes<__half>(std::int64_t);
template ScanProductScratch scan_backward_products_scratch(const CudaScanArguments<__half>&);
template cudaError_t scan_backward_products(const CudaScanArguments<__half>&,
                                            const CudaScanProductGradients<__half>&,
                                            const ScanChunks&, cudaStream_t);

}  // namespace omniq::kernels::detail
