// The CUDA kernels of the selective scan, on plain pointers: compiled without torch.
//
// A scan step i of direction 0 works on token i, of direction 1 on token L − 1 − i. Long sequences
// are cut into chunks of steps: scan_states() finds where each chunk ends if it starts from zero,
// scan_prefix() turns that into where each really starts, and then all chunks run at once.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/selective_scan/arguments.h"

namespace omniq::kernels::detail {

template <typename T>
using CudaScanArguments = ScanArguments<T, float>;

/// Numbers of states that have kernels.
constexpr bool has_cuda_scan(std::int64_t states) {
  return states == 16 || states == 32 || states == 64 || states == 128 || states == 256;
}

/// Channels that one block of the forward kernel works on, where each thread has 4 or 2.
constexpr std::int64_t scan_forward_block_channels(std::int64_t states,
                                                   std::int64_t thread_channels) {
  return 1024 * thread_channels / states;
}

/// How the steps are cut: `count` chunks of `length` steps, the last one shorter.
struct ScanChunks {
  std::int64_t length, count;
};

/// y, and the output before the gate in `ungated` if that has data. `starts` [directions, clips,
/// chunks, channels, states] holds the state before each chunk; null where there is one chunk.
template <typename T>
cudaError_t scan_forward(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                         std::int64_t thread_channels, const float* starts, const Rows<T>& y,
                         const Rows<T>& ungated, cudaStream_t stream);

/// For each chunk the state at its end if it starts from zero, [directions, clips, chunks,
/// channels, states], and the exponent of its decay, [directions, clips, chunks, channels]: Σ Δ, or
/// with rates log2 of the slowest state's decay.
template <typename T>
cudaError_t scan_states(const CudaScanArguments<T>& args, const ScanChunks& chunks, float* ends,
                        float* exponents, cudaStream_t stream);

/// The same two on tensor cores, for T __half or __nv_bfloat16 and linear rates (args.rates is not
/// null): relative errors of about 4e-3. The first takes what the second found; null where there is
/// one chunk. Each block finds by itself where its chunk starts: for a few chunks that is quicker
/// than scan_prefix().
template <typename T>
cudaError_t scan_forward_products(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                                  const float* ends, const float* exponents, const Rows<T>& y,
                                  const Rows<T>& ungated, cudaStream_t stream);
template <typename T>
cudaError_t scan_states_products(const CudaScanArguments<T>& args, const ScanChunks& chunks,
                                 float* ends, float* exponents, cudaStream_t stream);

/// Shared memory that a block of theirs takes, in bytes.
template <typename T>
std::int64_t scan_products_shared_bytes(std::int64_t states);

/// Numbers of states for which there are such kernels.
constexpr bool has_scan_products(std::int64_t states) { return states == 64 || states == 128; }

/// Channels that one of their blocks works on, and the tokens that it brings in at a time.
inline constexpr std::int64_t kScanProductChannels = 192;
inline constexpr std::int64_t kScanStageTokens = 16;

/// Turns what scan_states() found, in place, into the state before each chunk.
struct ScanPrefix {
  std::int64_t directions, clips, channels, states, chunks;
  const float* A;  // null where rates are used
  std::int64_t A_direction;
  const float* exponents;
  float* states_of_chunks;
};
cudaError_t scan_prefix(const ScanPrefix& prefix, cudaStream_t stream);

/// What backward reads and writes besides the arguments.
template <typename T>
struct CudaScanGradients {
  Rows<const T> y, ungated;    // ungated.data is null for no gate
  Rows<T> u, delta, z;         // z is [directions, clips, tokens, channels] also if z is shared
  const float* starts;         // as for scan_forward()
  float* carry;                // scratch [directions, clips, channels, states]; null for one chunk
  float* A;                    // [directions, clips, channels, states]; null if not needed
  float *D_skip, *delta_bias;  // [directions, clips, channels]
  float* shares;  // [shares, directions, clips, tokens, 2, states]: shares of B's and C's
};

/// How the backward kernel is cut for a device: steps in a chunk, and blocks that share the
/// channels of one sequence, each with its own share of the gradients of B and C.
struct ScanBackwardPlan {
  ScanChunks chunks;
  std::int64_t sharing_blocks;
  std::int64_t shared_bytes;
};
template <typename T>
ScanBackwardPlan plan_scan_backward(const CudaScanArguments<T>& args, int shared_bytes_per_block,
                                    int multiprocessors);

template <typename T>
cudaError_t scan_backward(const CudaScanArguments<T>& args, const CudaScanGradients<T>& grads,
                          const ScanBackwardPlan& plan, cudaStream_t stream);

/// What backward on tensor cores reads and writes besides the arguments.
template <typename T>
struct CudaScanProductGradients {
  Rows<const T> y, ungated;       // as in CudaScanGradients
  Rows<T> u, delta, z, B, C;      // of each direction
  const float *ends, *exponents;  // what scan_states_products() found; null for one chunk
  float* adjoints;                // scratch of the size of ends; null for one chunk
  void* states;                   // scratch
  float* shares;                  // scratch
  float *D_skip, *delta_bias;     // [directions, clips, chunks, channels]
};
struct ScanProductScratch {
  std::int64_t states_bytes, shares_floats;
};
template <typename T>
ScanProductScratch scan_backward_products_scratch(const CudaScanArguments<T>& args);

/// Gradients of everything but A, as scan_forward_products() takes its arguments: relative errors
/// of about 4e-3, of delta up to 1e-2.
template <typename T>
cudaError_t scan_backward_products(const CudaScanArguments<T>& args,
                                   const CudaScanProductGradients<T>& grads,
                                   const ScanChunks& chunks, cudaStream_t stream);

/// Shared memory that a block of its takes, in bytes.
template <typename T>
std::int64_t scan_backward_products_shared_bytes(std::int64_t states);

/// out_B and out_C [rows, states] from shares [shares, rows, 2, states], summed in a fixed order.
template <typename T>
cudaError_t scan_sum_shares(const float* shares, std::int64_t count, std::int64_t rows,
                            std::int64_t states, T* out_B, T* out_C, cudaStream_t stream);

}  // namespace omniq::kernels::detail
