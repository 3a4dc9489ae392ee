// Launches of blocks that stay on the device and go from one part of the work to the next.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

namespace omniq::kernels::detail {

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

/// Calls launch(blocks) for a kernel with as many blocks as are resident at once, or `all` if that
/// is fewer.
template <typename Kernel, typename Launch>
cudaError_t launch_resident(Kernel* kernel, int threads, std::size_t shared, std::int64_t all,
                            const Launch& launch) {
  std::int64_t most = 0;
  if (const cudaError_t error = find_resident_blocks(kernel, threads, shared, most)) return error;
  launch(static_cast<unsigned>(all < most ? all : most));
  return cudaGetLastError();
}

}  // namespace omniq::kernels::detail
