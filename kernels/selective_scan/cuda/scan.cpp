// The forward pass on CUDA: brings tensors into the form that the kernels want, and decides how the
// work is cut.
#include "kernels/selective_scan/cuda/prepare.h"

namespace omniq::kernels::detail {
namespace {

// Blocks that fill a multiprocessor.
constexpr std::int64_t kBlocksPerMultiprocessor = 6;

struct ForwardCut {
  ScanChunks chunks;
  std::int64_t thread_channels;
};

// As many chunks as fill the device; one where sequences and channels do already, or nearly so:
// more cost a pass that finds where the chunks start. With half as many channels to a thread there
// are twice as many threads, which is still better than that pass.
ForwardCut cut_forward(const ScanInputs& in) {
  const std::int64_t sequences = in.u.size(0) * in.u.size(1), tokens = in.u.size(2);
  const auto blocks = [&](std::int64_t thread_channels) {
    const std::int64_t channels = scan_forward_block_channels(in.A.size(2), thread_channels);
    return sequences * ((in.u.size(3) + channels - 1) / channels);
  };
  const std::int64_t multiprocessors = at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
  if (blocks(4) >= 2 * multiprocessors) return {{tokens, 1}, 4};
  if (blocks(2) >= multiprocessors || tokens < 2 * kShortestChunk) return {{tokens, 1}, 2};
  const std::int64_t wanted = kBlocksPerMultiprocessor * multiprocessors;
  const std::int64_t count =
      std::clamp<std::int64_t>(wanted / blocks(4), 1, tokens / kShortestChunk);
  const std::int64_t length = (tokens + count - 1) / count;
  return {{length, (tokens + length - 1) / length}, 4};
}

}  // namespace

bool has_cuda_kernels(const ScanInputs& in) {
  return is_device_type(in.u.scalar_type()) && has_cuda_scan(in.A.size(2)) && in.u.numel() > 0;
}

bool has_tensor_core_scan(at::ScalarType type, std::int64_t states) {
  if (!has_scan_products(states) || !is_half(type)) return false;
  return fits_a_block(type == at::kHalf ? scan_products_shared_bytes<__half>(states)
                                        : scan_products_shared_bytes<__nv_bfloat16>(states));
}

CudaScanOutput selective_scan_cuda(const ScanInputs& raw, const at::Tensor& rates,
                                   bool with_ungated) {
  const c10::cuda::CUDAGuard guard(raw.u.device());
  const Prepared prepared = prepare(raw, rates);
  const ScanInputs& in = prepared.in;
  const at::Tensor y = contiguous_like(in.u);
  const at::Tensor ungated = with_ungated && in.z.defined() ? at::empty_like(y) : at::Tensor();
  launch_kernel(in.u, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const auto args = arguments_of<T>(prepared);
    const auto rows_y = rows_of<T>(y), rows_ungated = rows_of<T>(ungated);
    if constexpr (!std::is_same_v<T, float>) {
      if (takes_products(prepared)) {
        const ScanChunks chunks = cut_products(in);
        const ChunkEnds ends = chunk_ends<T>(prepared, chunks, stream);
        return scan_forward_products<T>(args, chunks, data_of<const float>(ends.states),
                                        data_of<const float>(ends.exponents), rows_y, rows_ungated,
                                        stream);
      }
    }
    const ForwardCut cut = cut_forward(in);
    const at::Tensor starts = chunk_starts<T>(prepared, cut.chunks, stream);
    return scan_forward<T>(args, cut.chunks, cut.thread_channels, data_of<const float>(starts),
                           rows_y, rows_ungated, stream);
  });
  return {y.to(raw.u.scalar_type()), ungated};
}

}  // namespace omniq::kernels::detail
