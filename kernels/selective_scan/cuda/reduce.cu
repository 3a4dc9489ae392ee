// The small kernels of the scan: where chunks start, and sums over blocks in a fixed order.
#include "kernels/selective_scan/cuda/layout.cuh"

namespace omniq::kernels::detail {
namespace {

constexpr int kThreads = 256;
constexpr int kAhead = 8;  // chunks whose loads are in flight together

__global__ void __launch_bounds__(kThreads) scan_prefix_kernel(const ScanPrefix p) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t of_sequence = p.channels * p.states;
  if (index >= p.directions * p.clips * of_sequence) return;
  const std::int64_t sequence = index / of_sequence, place = index % of_sequence;
  const std::int64_t channel = place / p.states, state = place % p.states;
  const float rate = p.A != nullptr ? p.A[sequence / p.clips * p.A_direction + place] * kLog2E
                                    : static_cast<float>(state + 1);
  float* states = p.states_of_chunks + sequence * p.chunks * of_sequence + place;
  const float* exponents = p.exponents + sequence * p.chunks * p.channels + channel;
  float h = 0.F;
  for (std::int64_t begin = 0; begin < p.chunks; begin += kAhead) {
    float ends[kAhead], decays[kAhead];
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      const bool exists = begin + i < p.chunks;
      ends[i] = exists ? states[(begin + i) * of_sequence] : 0.F;
      decays[i] = exists ? fast_exp2(exponents[(begin + i) * p.channels] * rate) : 0.F;
    }
#pragma unroll
    for (int i = 0; i < kAhead; ++i) {
      if (begin + i < p.chunks) states[(begin + i) * of_sequence] = h;
      h = fmaf(decays[i], h, ends[i]);
    }
  }
}

template <typename T>
__global__ void __launch_bounds__(kThreads)
    scan_sum_shares_kernel(const float* shares, std::int64_t count, std::int64_t rows,
                           std::int64_t states, T* out_B, T* out_C) {
  const std::int64_t index = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  const std::int64_t size = rows * 2 * states;
  if (index >= size) return;
  float sum = 0.F;
#pragma unroll 8
  for (std::int64_t i = 0; i < count; ++i) sum += shares[i * size + index];
  const std::int64_t row = index / (2 * states), column = index % (2 * states);
  T* out = column < states ? out_B : out_C;
  out[row * states + column % states] = from_float<T>(sum);
}

unsigned blocks_for(std::int64_t threads) {
  return static_cast<unsigned>((threads + kThreads - 1) / kThreads);
}

}  // namespace

cudaError_t scan_prefix(const ScanPrefix& prefix, cudaStream_t stream) {
  const std::int64_t threads = prefix.directions * prefix.clips * prefix.channels * prefix.states;
  scan_prefix_kernel<<<blocks_for(threads), kThreads, 0, stream>>>(prefix);
  return cudaGetLastError();
}

template <typename T>
cudaError_t scan_sum_shares(const float* shares, std::int64_t count, std::int64_t rows,
                            std::int64_t states, T* out_B, T* out_C, cudaStream_t stream) {
  scan_sum_shares_kernel<<<blocks_for(rows * 2 * states), kThreads, 0, stream>>>(
      shares, count, rows, states, out_B, out_C);
  return cudaGetLastError();
}

template cudaError_t scan_sum_shares(const float*, std::int64_t, std::int64_t, std::int64_t, float*,
                                     float*, cudaStream_t);
template cudaError_t scan_sum_shares(const float*, std::int64_t, std::int64_t, std::int64_t,
                                     __half*, __half*, cudaStream_t);
template cudaError_t scan_sum_shares(const float*, std::int64_t, std::int64_t, std::int64_t,
                                     __nv_bfloat16*, __nv_bfloat16*, cudaStream_t);

}  // namespace omniq::kernels::detail
