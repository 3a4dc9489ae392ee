// What both passes of the scan on CUDA do first: they bring tensors into the form that the kernels
// want, and find where chunks of a long sequence start.
#pragma once

#include <ATen/ceil_div.h>

#include <algorithm>
#include <type_traits>

#include "kernels/common/cuda_tensors.h"
#include "kernels/selective_scan/cuda/launch.h"
#include "kernels/selective_scan/impl.h"

namespace omniq::kernels::detail {

/// The shortest chunk that is worth a pass of its own.
inline constexpr std::int64_t kShortestChunk = 64;
/// On tensor cores a block goes over all chunks before its own.
inline constexpr std::int64_t kMostProductChunks = 16;

struct Prepared {
  ScanInputs in;     // u, delta, B, C, z of one dtype, the parameters float32
  at::Tensor rates;  // or undefined
};

inline Prepared prepare(const ScanInputs& in, const at::Tensor& rates) {
  const at::ScalarType type = common_device_type({in.u, in.delta, in.B, in.C, in.z});
  return {
      {with_contiguous_rows(in.u.to(type)), with_contiguous_rows(in.delta.to(type)),
       contiguous_floats(in.A), with_aligned_rows(in.B.to(type)), with_aligned_rows(in.C.to(type)),
       contiguous_floats(in.D_skip), contiguous_floats(in.delta_bias),
       in.z.defined() ? with_contiguous_rows(in.z.to(type)) : in.z,
       in.mask.defined() ? in.mask.contiguous() : in.mask},
      contiguous_floats(rates)};
}

template <typename T>
CudaScanArguments<T> arguments_of(const Prepared& prepared) {
  return arguments_of<T, float>(prepared.in, prepared.rates);
}

/// Whether a block may have so much shared memory.
inline bool fits_a_block(std::int64_t bytes) {
  const auto most = at::cuda::getCurrentDeviceProperties()->sharedMemPerBlockOptin;
  return bytes <= static_cast<std::int64_t>(most);
}

inline bool takes_products(const Prepared& prepared) {
  return prepared.rates.defined() &&
         has_tensor_core_scan(prepared.in.u.scalar_type(), prepared.in.A.size(2));
}

/// For those, as many chunks as fill the device; a multiprocessor takes one block.
inline ScanChunks cut_products(const ScanInputs& in) {
  const std::int64_t tokens = in.u.size(2);
  const std::int64_t blocks =
      in.u.size(0) * in.u.size(1) * at::ceil_div(in.u.size(3), kScanProductChannels);
  const std::int64_t wanted = at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
  const std::int64_t most =
      std::clamp<std::int64_t>(tokens / kShortestChunk, 1, kMostProductChunks);
  const std::int64_t count = std::clamp<std::int64_t>(wanted / blocks, 1, most);
  const std::int64_t length =
      at::ceil_div(at::ceil_div(tokens, count), kScanStageTokens) * kScanStageTokens;
  return {length, at::ceil_div(tokens, length)};
}

/// Where chunks end if they start from zero, and the exponents of their decays; undefined where
/// there is one chunk.
struct ChunkEnds {
  at::Tensor states, exponents;
};
template <typename T>
ChunkEnds chunk_ends(const Prepared& prepared, const ScanChunks& chunks, cudaStream_t stream) {
  if (chunks.count == 1) return {};
  const auto args = arguments_of<T>(prepared);
  const at::Tensor& u = prepared.in.u;
  const ChunkEnds ends{
      empty_floats({args.directions, args.clips, chunks.count, args.channels, args.states}, u),
      empty_floats({args.directions, args.clips, chunks.count, args.channels}, u)};
  const auto find = [&](const auto& find_states) {
    C10_CUDA_CHECK(find_states(args, chunks, data_of<float>(ends.states),
                               data_of<float>(ends.exponents), stream));
  };
  if constexpr (!std::is_same_v<T, float>) {
    if (takes_products(prepared)) {
      find(scan_states_products<T>);
      return ends;
    }
  }
  find(scan_states<T>);
  return ends;
}

/// The state before each chunk; undefined where there is one chunk, which starts from zero.
template <typename T>
at::Tensor chunk_starts(const Prepared& prepared, const ScanChunks& chunks, cudaStream_t stream) {
  if (chunks.count == 1) return {};
  const auto args = arguments_of<T>(prepared);
  const ChunkEnds ends = chunk_ends<T>(prepared, chunks, stream);
  C10_CUDA_CHECK(scan_prefix({args.directions, args.clips, args.channels, args.states, chunks.count,
                              args.rates != nullptr ? nullptr : args.A, args.A_direction,
                              data_of<const float>(ends.exponents), data_of<float>(ends.states)},
                             stream));
  return ends.states;
}

}  // namespace omniq::kernels::detail
