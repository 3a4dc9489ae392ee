// How kernels are launched; resident blocks stay on the device and go from one part of the work to
// the next.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace omniq::kernels::detail {

/// Calls f(count) with a count as a type, if it is one of these.
template <int... kCounts, typename F>
cudaError_t with_constant(std::int64_t count, const F& f) {
  cudaError_t error = cudaErrorInvalidValue;
  ((count == kCounts ? void(error = f(std::integral_constant<int, kCounts>{})) : void()), ...);
  return error;
}

/// Launches a kernel with `shared` bytes of dynamic shared memory for each block.
template <typename Kernel, typename... Arguments>
cudaError_t launch_with_shared(Kernel* kernel, std::int64_t blocks, int threads, std::size_t shared,
                               cudaStream_t stream, const Arguments&... arguments) {
  const cudaError_t error = cudaFuncSetAttribute(
      kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared));
  if (error != cudaSuccess) return error;
  kernel<<<static_cast<unsigned>(blocks), threads, shared, stream>>>(arguments...);
  return cudaGetLastError();
}

/// As many blocks as the current device has room for at once, with `shared` bytes of dynamic shared
/// memory each, which the kernel may have from then on.
template <typename Kernel>
cudaError_t find_resident_blocks(Kernel* kernel, int threads, std::size_t shared,
                                 std::int64_t& blocks) {
  int device = 0, processors = 0, resident = 0;
  cudaError_t error = cudaGetDevice(&device);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  }
  if (error == cudaSuccess) {
    error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(shared));
  }
  if (error == cudaSuccess) {
    error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&resident, kernel, threads, shared);
  }
  blocks = static_cast<std::int64_t>(resident) * processors;
  return error;
}

/// Launches as many of a kernel's blocks as are resident at once, or `all` if that is fewer.
template <typename Kernel, typename... Arguments>
cudaError_t launch_resident(Kernel* kernel, int threads, std::size_t shared, std::int64_t all,
                            cudaStream_t stream, const Arguments&... arguments) {
  std::int64_t most = 0;
  if (const cudaError_t error = find_resident_blocks(kernel, threads, shared, most)) return error;
  kernel<<<static_cast<unsigned>(all < most ? all : most), threads, shared, stream>>>(arguments...);
  return cudaGetLastError();
}

}  // namespace omniq::kernels::detail
