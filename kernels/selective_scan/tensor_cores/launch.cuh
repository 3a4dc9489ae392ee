// How the kernels of the scan on tensor cores are launched.
#pragma once

#include "kernels/selective_scan/tensor_cores/common.cuh"

namespace omniq::kernels::detail {

template <typename Shared, typename Parameters>
cudaError_t launch_products(void (*kernel)(Parameters), const Parameters& p, cudaStream_t stream) {
  return launch_with_shared(kernel, p.args.directions * p.args.clips * p.chunks * p.channel_blocks,
                            kProductThreads, sizeof(Shared), stream, p);
}

/// Whether 8 channels can be read at once.
template <typename T>
bool has_vectors(const Rows<const T>& rows) {
  return reinterpret_cast<std::uintptr_t>(rows.data) % 16 == 0 && rows.direction % 8 == 0 &&
         rows.clip % 8 == 0 && rows.token % 8 == 0;
}

/// Fills in what all kernels read.
template <typename T>
void set_product_parameters(ProductParameters<T>& p, const CudaScanArguments<T>& args,
                            const ScanChunks& chunks) {
  p.args = args;
  p.chunk_length = static_cast<int>(chunks.length);
  p.chunks = static_cast<int>(chunks.count);
  p.channel_blocks = static_cast<int>((args.channels + kProductChannels - 1) / kProductChannels);
  p.vectors = args.channels % 8 == 0 && has_vectors(args.u) && has_vectors(args.delta) &&
              has_vectors(args.z);
  p.pairs = args.channels % 2 == 0;
  p.weights = power_weights();
}

}  // namespace omniq::kernels::detail
