// Brings tensors into the form that the CUDA kernels want, and decides how the work is cut.
#include "kernels/selective_scan/selective_scan_cuda.h"

#include <ATen/ATen.h>
#include <ATen/ceil_div.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>
#include <type_traits>

#include "kernels/common/cuda_tensors.h"
#include "kernels/selective_scan/selective_scan_impl.h"

namespace omniq::kernels::detail {
namespace {

// Forward blocks that fill a multiprocessor, and the shortest chunk that is worth a pass of its
// own.
constexpr std::int64_t kBlocksPerMultiprocessor = 6;
constexpr std::int64_t kShortestChunk = 64;
// On tensor cores a block goes over all chunks before its own.
constexpr std::int64_t kMostProductChunks = 16;

struct Prepared {
  ScanInputs in;     // u, delta, B, C, z of one dtype, the parameters float32
  at::Tensor rates;  // or undefined
};

Prepared prepare(const ScanInputs& in, const at::Tensor& rates) {
  const at::ScalarType type = common_device_type({in.u, in.delta, in.B, in.C, in.z});
  const auto parameter = [](const at::Tensor& x) { return x.to(at::kFloat).contiguous(); };
  Prepared result;
  result.in = {with_contiguous_rows(in.u.to(type)),
               with_contiguous_rows(in.delta.to(type)),
               parameter(in.A),
               with_aligned_rows(in.B.to(type)),
               with_aligned_rows(in.C.to(type)),
               parameter(in.D_skip),
               parameter(in.delta_bias),
               in.z.defined() ? with_contiguous_rows(in.z.to(type)) : in.z,
               in.mask.defined() ? in.mask.contiguous() : in.mask};
  if (rates.defined()) result.rates = parameter(rates);
  return result;
}

const float* data_or_null(const at::Tensor& x) {
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

at::Tensor floats(at::IntArrayRef sizes, const at::Tensor& like) {
  return at::empty(sizes, like.options().dtype(at::kFloat));
}

bool takes_products(const Prepared& prepared) {
  return prepared.rates.defined() &&
         has_tensor_core_scan(prepared.in.u.scalar_type(), prepared.in.A.size(2));
}

// For those, as many chunks as fill the device; a multiprocessor takes one block.
ScanChunks cut_products(const ScanInputs& in) {
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

// Where chunks end if they start from zero, and the exponents of their decays; undefined where
// there is one chunk.
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

// The state before each chunk; undefined where there is one chunk, which starts from zero.
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

// A sum over directions where `like` is shared by them, as `like`.
at::Tensor sum_directions(const at::Tensor& x, const at::Tensor& like) {
  const bool shared = like.size(0) == 1 && x.size(0) > 1;
  return (shared ? x.sum(at::IntArrayRef{0}, /*keepdim=*/true) : x).to(like.scalar_type());
}

}  // namespace

bool has_cuda_kernels(const ScanInputs& in) {
  const auto type = in.u.scalar_type();
  return (type == at::kFloat || type == at::kHalf || type == at::kBFloat16) &&
         has_cuda_scan(in.A.size(2)) && in.u.numel() > 0;
}

bool has_tensor_core_scan(at::ScalarType type, std::int64_t states) {
  if (!has_scan_products(states) || (type != at::kHalf && type != at::kBFloat16)) return false;
  const std::int64_t bytes = type == at::kHalf ? scan_products_shared_bytes<__half>(states)
                                               : scan_products_shared_bytes<__nv_bfloat16>(states);
  const auto most = at::cuda::getCurrentDeviceProperties()->sharedMemPerBlockOptin;
  return bytes <= static_cast<std::int64_t>(most);
}

CudaScanOutput selective_scan_cuda(const ScanInputs& raw, const at::Tensor& rates,
                                   bool with_ungated) {
  const c10::cuda::CUDAGuard guard(raw.u.device());
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  const Prepared prepared = prepare(raw, rates);
  const ScanInputs& in = prepared.in;
  const at::Tensor y = at::empty(in.u.sizes(), in.u.options());
  const at::Tensor ungated = with_ungated && in.z.defined() ? at::empty_like(y) : at::Tensor();
  dispatch_device_type(in.u.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, float>) {
      if (takes_products(prepared)) {
        const ScanChunks chunks = cut_products(in);
        const ChunkEnds ends = chunk_ends<T>(prepared, chunks, stream);
        C10_CUDA_CHECK(scan_forward_products<T>(arguments_of<T>(prepared), chunks,
                                                data_or_null(ends.states),
                                                data_or_null(ends.exponents), device_rows_of<T>(y),
                                                device_rows_of<T>(ungated), stream));
        return;
      }
    }
    const ForwardCut cut = cut_forward(in);
    const at::Tensor starts = chunk_starts<T>(prepared, cut.chunks, stream);
    C10_CUDA_CHECK(scan_forward<T>(arguments_of<T>(prepared), cut.chunks, cut.thread_channels,
                                   data_or_null(starts), device_rows_of<T>(y),
                                   device_rows_of<T>(ungated), stream));
  });
  return {y.to(raw.u.scalar_type()), ungated};
}

ScanInputGradients selective_scan_cuda_backward(const ScanInputs& raw, const at::Tensor& rates,
                                                const at::Tensor& ungated,
                                                const at::Tensor& raw_grad_y,
                                                const ScanInputNeeds& needed) {
  const auto [need_u, need_delta, need_A, need_B, need_C, need_D, need_bias, need_z] = needed;
  TORCH_CHECK(!(need_A && rates.defined()),
              "selective_scan: A has no gradient where rates are given");
  const c10::cuda::CUDAGuard guard(raw.u.device());
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  const Prepared prepared = prepare(raw, rates);
  const ScanInputs& in = prepared.in;
  const auto type = in.u.scalar_type();
  const at::Tensor grad_y = with_contiguous_rows(raw_grad_y.to(type));
  const std::int64_t R = in.u.size(0), clips = in.u.size(1), L = in.u.size(2), E = in.u.size(3),
                     N = in.A.size(2);

  const auto like_u = [&] { return at::empty(in.u.sizes(), in.u.options()); };
  const at::Tensor grad_u = like_u(), grad_delta = like_u();
  const at::Tensor grad_z = in.z.defined() ? like_u() : at::Tensor();
  const at::Tensor grad_A = need_A ? floats({R, clips, E, N}, in.u) : at::Tensor();
  const at::Tensor grad_D_bias = floats({2, R, clips, E}, in.u);  // summed over clips together
  const at::Tensor grad_B = at::empty({R, clips, L, N}, in.u.options());
  const at::Tensor grad_C = at::empty({R, clips, L, N}, in.u.options());
  const cudaDeviceProp* device = at::cuda::getCurrentDeviceProperties();
  dispatch_device_type(type, [&](auto zero) {
    using T = decltype(zero);
    const auto args = arguments_of<T>(prepared);
    const ScanBackwardPlan plan = plan_scan_backward<T>(
        args, static_cast<int>(device->sharedMemPerBlockOptin), device->multiProcessorCount);
    const at::Tensor starts = chunk_starts<T>(prepared, plan.chunks, stream);
    const at::Tensor carry = plan.chunks.count > 1 ? floats({R, clips, E, N}, in.u) : at::Tensor();
    const at::Tensor parts = floats({plan.parts, R, clips, L, 2, N}, in.u);
    CudaScanGradients<T> grads{};
    grads.y = device_rows_of<const T>(grad_y);
    grads.ungated = device_rows_of<const T>(ungated);
    grads.u = device_rows_of<T>(grad_u);
    grads.delta = device_rows_of<T>(grad_delta);
    grads.z = device_rows_of<T>(grad_z);
    // Gradients are written for each direction: no axis of theirs is shared.
    grads.starts = data_or_null(starts);
    grads.carry = carry.defined() ? carry.mutable_data_ptr<float>() : nullptr;
    grads.A = grad_A.defined() ? grad_A.mutable_data_ptr<float>() : nullptr;
    grads.D_skip = grad_D_bias.mutable_data_ptr<float>();
    grads.delta_bias = grads.D_skip + R * clips * E;
    grads.parts = parts.mutable_data_ptr<float>();
    C10_CUDA_CHECK(scan_backward<T>(args, grads, plan, stream));
    C10_CUDA_CHECK(scan_sum_parts<T>(grads.parts, plan.parts, R * clips * L, N,
                                     static_cast<T*>(grad_B.data_ptr()),
                                     static_cast<T*>(grad_C.data_ptr()), stream));
  });

  const auto result = [](bool wanted, const at::Tensor& gradient, const at::Tensor& of) {
    return wanted ? gradient.to(of.scalar_type()) : at::Tensor();
  };
  at::Tensor of_A, of_D, of_bias, of_z;
  if (need_A) {
    const bool shared = raw.A.size(0) == 1;
    of_A = (shared ? grad_A.flatten(0, 1).unsqueeze(0) : grad_A).sum(1).to(raw.A.scalar_type());
  }
  if (need_D || need_bias) {
    const at::Tensor sums = grad_D_bias.sum(2);
    if (need_D) of_D = sum_directions(sums[0], raw.D_skip);
    if (need_bias) of_bias = sum_directions(sums[1], raw.delta_bias);
  }
  if (need_z && in.z.defined()) of_z = sum_directions(grad_z, raw.z);
  return {result(need_u, grad_u, raw.u),
          result(need_delta, grad_delta, raw.delta),
          of_A,
          result(need_B, grad_B, raw.B),
          result(need_C, grad_C, raw.C),
          of_D,
          of_bias,
          of_z};
}

}  // namespace omniq::kernels::detail
