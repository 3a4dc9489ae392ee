// Launches the kernels of the scan on tensor cores.
#pragma once

#include "kernels/selective_scan/selective_scan_cuda_products_forward.cuh"
#include "kernels/selective_scan/selective_scan_cuda_products_states.cuh"

namespace omniq::kernels::detail {

template <typename T>
std::int64_t scan_products_shared_bytes(std::int64_t states) {
  return states == 64 ? sizeof(ProductShared<T, 64>) : sizeof(ProductShared<T, 128>);
}

template <typename T, int kStates>
cudaError_t launch_products(void (*kernel)(ProductParameters<T>), const ProductParameters<T>& p,
                            cudaStream_t stream) {
  constexpr int kBytes = sizeof(ProductShared<T, kStates>);
  const cudaError_t error =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes);
  if (error != cudaSuccess) return error;
  const std::int64_t blocks = p.args.directions * p.args.clips * p.segments * p.channel_blocks;
  kernel<<<static_cast<unsigned>(blocks), kProductThreads, kBytes, stream>>>(p);
  return cudaGetLastError();
}

template <typename T>
ProductParameters<T> product_parameters(const CudaScanArguments<T>& args,
                                        const ScanChunks& segments) {
  ProductParameters<T> p{};
  p.args = args;
  p.segment_length = static_cast<int>(segments.length);
  p.segments = static_cast<int>(segments.count);
  p.channel_blocks = static_cast<int>((args.channels + kProductChannels - 1) / kProductChannels);
  const auto aligned = [](const Rows<const T>& rows) {
    return reinterpret_cast<std::uintptr_t>(rows.data) % 16 == 0 && rows.direction % 8 == 0 &&
           rows.clip % 8 == 0 && rows.token % 8 == 0;
  };
  p.vectors = args.channels % 8 == 0 && aligned(args.u) && aligned(args.delta) && aligned(args.z);
  p.weights = power_weights();
  return p;
}

template <typename T>
cudaError_t scan_forward_products(const CudaScanArguments<T>& args, const ScanChunks& segments,
                                  const float* ends, const float* exponents, const Rows<T>& y,
                                  const Rows<T>& ungated, cudaStream_t stream) {
  ProductParameters<T> p = product_parameters(args, segments);
  p.y = y;
  p.ungated = ungated;
  p.found_ends = ends;
  p.found_exponents = exponents;
  p.pairs = args.channels % 2 == 0;
  switch (args.states) {
    case 64:
      return launch_products<T, 64>(scan_products_forward_kernel<T, 64>, p, stream);
    case 128:
      return launch_products<T, 128>(scan_products_forward_kernel<T, 128>, p, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

template <typename T>
cudaError_t scan_states_products(const CudaScanArguments<T>& args, const ScanChunks& segments,
                                 float* ends, float* exponents, cudaStream_t stream) {
  ProductParameters<T> p = product_parameters(args, segments);
  p.ends = ends;
  p.exponents = exponents;
  switch (args.states) {
    case 64:
      return launch_products<T, 64>(scan_products_states_kernel<T, 64>, p, stream);
    case 128:
      return launch_products<T, 128>(scan_products_states_kernel<T, 128>, p, stream);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace omniq::kernels::detail
