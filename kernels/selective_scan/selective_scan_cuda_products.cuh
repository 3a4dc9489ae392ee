// Launches the forward kernels of the scan on tensor cores.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_forward.cuh"
#include "kernels/selective_scan/selective_scan_cuda_products_launch.cuh"
#include "kernels/selective_scan/selective_scan_cuda_products_states.cuh"

namespace omniq::kernels::detail {

template <typename T>
std::int64_t scan_products_shared_bytes(std::int64_t states) {
  return states == 64 ? sizeof(ProductShared<T, 64>) : sizeof(ProductShared<T, 128>);
}

template <typename T>
cudaError_t scan_forward_products(const CudaScanArguments<T>& args, const ScanChunks& segments,
                                  const float* ends, const float* exponents, const Rows<T>& y,
                                  const Rows<T>& ungated, cudaStream_t stream) {
  ProductParameters<T> p{};
  set_product_parameters(p, args, segments);
  p.y = y;
  p.ungated = ungated;
  p.found_ends = ends;
  p.found_exponents = exponents;
  switch (args.states) {
    case 64:
      return launch_products<ProductShared<T, 64>>(scan_products_forward_kernel<T, 64>, p, stream);
    case 128:
      return launch_products<ProductShared<T, 128>>(scan_products_forward_kernel<T, 128>, p,
                                                    stream);
    default:
      return cudaErrorInvalidValue;
  }
}

template <typename T>
cudaError_t scan_states_products(const CudaScanArguments<T>& args, const ScanChunks& segments,
                                 float* ends, float* exponents, cudaStream_t stream) {
  ProductParameters<T> p{};
  set_product_parameters(p, args, segments);
  p.ends = ends;
  p.exponents = exponents;
  switch (args.states) {
    case 64:
      return launch_products<ProductShared<T, 64>>(scan_products_ends_kernel<T, 64, false>, p,
                                                   stream);
    case 128:
      return launch_products<ProductShared<T, 128>>(scan_products_ends_kernel<T, 128, false>, p,
                                                    stream);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace omniq::kernels::detail
