// Launches the forward kernels of the scan on tensor cores.
#include "kernels/selective_scan/tensor_cores/forward.cuh"
#include "kernels/selective_scan/tensor_cores/launch.cuh"
#include "kernels/selective_scan/tensor_cores/states.cuh"

namespace omniq::kernels::detail {

template <typename T>
std::int64_t scan_products_shared_bytes(std::int64_t states) {
  return states == 64 ? sizeof(ProductShared<T, 64>) : sizeof(ProductShared<T, 128>);
}

template <typename T>
cudaError_t scan_forward_products(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                                  const float* ends, const float* exponents, const Rows<T>& y,
                                  const Rows<T>& ungated, cudaStream_t stream) {
  ProductParameters<T> p{};
  set_product_parameters(p, args, chunks);
  p.y = y;
  p.ungated = ungated;
  p.found_ends = ends;
  p.found_exponents = exponents;
  return with_constant<64, 128>(args.states, [&](auto states) {
    return launch_products<ProductShared<T, states>>(scan_products_forward_kernel<T, states>, p,
                                                     stream);
  });
}

template <typename T>
cudaError_t scan_states_products(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                                 float* ends, float* exponents, cudaStream_t stream) {
  ProductParameters<T> p{};
  set_product_parameters(p, args, chunks);
  p.ends = ends;
  p.exponents = exponents;
  return with_constant<64, 128>(args.states, [&](auto states) {
    return launch_products<ProductShared<T, states>>(scan_products_ends_kernel<T, states, false>, p,
                                                     stream);
  });
}

using Element = OMNIQ_ELEMENT;
template std::int64_t scan_products_shared_bytes<Element>(std::int64_t);
template cudaError_t scan_forward_products(const CudaScanArguments<Element>&, const ScanChunks&,
                                           const float*, const float*, const Rows<Element>&,
                                           const Rows<Element>&, cudaStream_t);
template cudaError_t scan_states_products(const CudaScanArguments<Element>&, const ScanChunks&,
                                          float*, float*, cudaStream_t);

}  // namespace omniq::kernels::detail
