// What both passes of the scan on CUDA do first: they bring tensors into the form that the kernels
// want, and find where chunks of a long sequence start.
#pragma once

#include <ATen/ATen.h>
#include <ATen/ceil_div.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>

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
  Prepared result;
  result.in = {with_contiguous_rows(in.u.to(type)),
               with_contiguous_rows(in.delta.to(type)),
               contiguous_floats(in.A),
               with_aligned_rows(in.B.to(type)),
               with_aligned_rows(in.C.to(type)),
               contiguous_floats(in.D_skip),
               contiguous_floats(in.delta_bias),
               in.z.defined() ? with_contiguous_rows(in.z.to(type)) : in.z,
               in.mask.defined() ? in.mask.contiguous() : in.mask};
  result.rates = contiguous_floats(rates);
  return result;
}

inline const float* data_or_null(const at::Tensor& x) {
  return x.defined() ? x.const_data_ptr<float>() : nullptr;
}

template <typename T>
CudaScanArguments<T> arguments_of(const Prepared& prepared) {
  const ScanInputs& in = prepared.in;
  CudaScanArguments<T> args{};
  args.directions = in.u.size(0);
  args.clips = in.u.size(1);
  args.tokens = in.u.size(2);
  args.channels = in.u.size(3);
  args.states = in.A.size(2);
  args.u = device_rows_of<const T>(in.u);
  args.delta = device_rows_of<const T>(in.delta);
  args.B = device_rows_of<const T>(in.B);
  args.C = device_rows_of<const T>(in.C);
  args.z = device_rows_of<const T>(in.z);
  args.A = data_or_null(in.A);
  args.rates = data_or_null(prepared.rates);
  args.D_skip = data_or_null(in.D_skip);
  args.delta_bias = data_or_null(in.delta_bias);
  args.A_direction = direction_stride(in.A);
  args.rates_direction = prepared.rates.defined() ? direction_stride(prepared.rates) : 0;
  args.D_direction = direction_stride(in.D_skip);
  args.bias_direction = direction_stride(in.delta_bias);
  args.mask = in.mask.defined() ? in.mask.const_data_ptr<bool>() : nullptr;
  return args;
}

inline at::Tensor floats(at::IntArrayRef sizes, const at::Tensor& like) {
  return at::empty(sizes, like.options().dtype(at::kFloat));
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
      floats({args.directions, args.clips, chunks.count, args.channels, args.states}, u),
      floats({args.directions, args.clips, chunks.count, args.channels}, u)};
  const auto find = [&](const auto& find_states) {
    C10_CUDA_CHECK(find_states(args, chunks, ends.states.template mutable_data_ptr<float>(),
                               ends.exponents.template mutable_data_ptr<float>(), stream));
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
  ScanPrefix prefix{};
  prefix.directions = args.directions;
  prefix.clips = args.clips;
  prefix.channels = args.channels;
  prefix.states = args.states;
  prefix.chunks = chunks.count;
  prefix.A = args.rates != nullptr ? nullptr : args.A;
  prefix.A_direction = args.A_direction;
  prefix.exponents = ends.exponents.template const_data_ptr<float>();
  prefix.states_of_chunks = ends.states.template mutable_data_ptr<float>();
  C10_CUDA_CHECK(scan_prefix(prefix, stream));
  return ends.states;
}

}  // namespace omniq::kernels::detail
