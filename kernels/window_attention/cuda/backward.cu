// Launches the backward kernel of attention in windows.
#include <cstddef>
#include <cstdint>

#include "kernels/common/cuda_resident.cuh"
#include "kernels/window_attention/cuda/backward.cuh"

namespace omniq::kernels::detail {
namespace {

/// Calls run(kernel, bytes of shared memory of a block) with the kernel of a shape.
template <typename T, typename Run>
cudaError_t with_backward_kernel(const WindowAttentionShape& s, const Run& run) {
  const auto of_window = [&](auto* kernel, std::size_t warp_bytes) {
    return run(kernel, kBackwardWarps * warp_bytes);
  };
  if (s.window == 7 && s.head_width == 32) {
    return of_window(s.is_padded() ? window_attention_backward_kernel<T, 7, 32, true>
                                   : window_attention_backward_kernel<T, 7, 32, false>,
                     sizeof(BackwardScratch<T, 7>));
  }
  if (s.window == 4 && s.head_width == 16) {
    return of_window(s.is_padded() ? window_attention_backward_kernel<T, 4, 16, true>
                                   : window_attention_backward_kernel<T, 4, 16, false>,
                     sizeof(BackwardScratch<T, 4>));
  }
  return cudaErrorInvalidValue;
}

}  // namespace

template <typename T>
cudaError_t window_attention_backward_parts(const WindowAttentionShape& shape, int* parts) {
  return with_backward_kernel<T>(shape, [&](auto* kernel, std::size_t shared) {
    std::int64_t blocks = 0;
    if (const cudaError_t error =
            find_resident_blocks(kernel, 32 * kBackwardWarps, shared, blocks)) {
      return error;
    }
    const std::int64_t windows = static_cast<std::int64_t>(shape.frames) *
                                 (shape.padded_height / shape.window) *
                                 (shape.padded_width / shape.window);
    const std::int64_t most = blocks * kBackwardWarps / shape.heads;
    *parts = static_cast<int>(windows < most ? windows : most < 1 ? 1 : most);
    return cudaSuccess;
  });
}

template <typename T>
cudaError_t window_attention_backward(const CudaWindowAttentionBackwardArguments<T>& args,
                                      cudaStream_t stream) {
  return with_backward_kernel<T>(args.forward, [&](auto* kernel, std::size_t shared) {
    const int warps = args.parts * args.forward.heads;
    const auto blocks = static_cast<unsigned>((warps + kBackwardWarps - 1) / kBackwardWarps);
    kernel<<<blocks, 32 * kBackwardWarps, shared, stream>>>(args);
    return cudaGetLastError();
  });
}

using Element = OMNIQ_ELEMENT;
template cudaError_t window_attention_backward_parts<Element>(const WindowAttentionShape&, int*);
template cudaError_t window_attention_backward(const CudaWindowAttentionBackwardArguments<Element>&,
                                               cudaStream_t);

}  // namespace omniq::kernels::detail
