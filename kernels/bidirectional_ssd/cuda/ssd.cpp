// Brings tensors into the form that the CUDA kernels want, and decides how the work is cut.
#include "kernels/bidirectional_ssd/cuda/launch.h"

#include <algorithm>

#include "kernels/bidirectional_ssd/impl.h"
#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"

namespace omniq::kernels::detail {
namespace {

// That registers allow on a multiprocessor.
constexpr std::int64_t kBlocksPerMultiprocessor = 2;

// Heads of a block share what does not depend on the head: as many as leave work for all blocks at
// once, and not for a second round. `tiles`: of all clips.
template <typename T>
void group_heads(CudaSsdArguments<T>& args, std::int64_t tiles) {
  const std::int64_t at_once =
      kBlocksPerMultiprocessor * at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
  args.block_heads = std::min(args.heads, (tiles * args.heads + at_once - 1) / at_once);
  args.head_groups = (args.heads + args.block_heads - 1) / args.block_heads;
}

// u, delta, B, C of one dtype, [1, B, L, ·]; the parameters float32.
SsdInputs prepare(const SsdInputs& in) {
  const at::ScalarType type = common_device_type({in.u, in.delta, in.B, in.C});
  return {with_aligned_rows(in.u.to(type).flatten(2).unsqueeze(0)),
          with_contiguous_rows(in.delta.to(type).unsqueeze(0)),
          contiguous_floats(in.A),
          with_aligned_rows(in.B.to(type).unsqueeze(0)),
          with_aligned_rows(in.C.to(type).unsqueeze(0)),
          contiguous_floats(in.D_skip),
          contiguous_floats(in.delta_bias),
          in.mask.defined() ? in.mask.contiguous() : in.mask};
}

template <typename T>
CudaSsdArguments<T> arguments_of(const SsdInputs& in, std::int64_t chunk_tiles) {
  CudaSsdArguments<T> args{};
  args.clips = in.u.size(1);
  args.tokens = in.u.size(2);
  args.heads = in.A.size(0);
  args.states = in.B.size(3);
  const std::int64_t tiles = (args.tokens + kSsdTile - 1) / kSsdTile;
  args.chunk_tiles = chunk_tiles;
  args.chunks = (tiles + chunk_tiles - 1) / chunk_tiles;
  group_heads(args, args.clips * tiles);
  args.u = rows_of<const T>(in.u);
  args.delta = rows_of<const T>(in.delta);
  args.B = rows_of<const T>(in.B);
  args.C = rows_of<const T>(in.C);
  args.A = in.A.const_data_ptr<float>();
  args.D_skip = in.D_skip.const_data_ptr<float>();
  args.delta_bias = in.delta_bias.const_data_ptr<float>();
  args.mask = data_of<const bool>(in.mask);
  return args;
}

// What holds states while kernels are queued that use them.
struct StateTensors {
  at::Tensor data, decays;
  SsdStates pointers() const { return {data_of<void>(data), data_of<float>(decays)}; }
};

// Those of the gradients if grad_y is not null. Empty with one chunk.
template <typename T>
StateTensors make_states(const SsdInputs& in, const CudaSsdArguments<T>& args,
                         const Rows<const T>& grad_y, cudaStream_t stream) {
  if (args.chunks == 1) return {};
  const at::Tensor& u = in.u;
  const auto type = u.scalar_type() == at::kBFloat16 ? at::kBFloat16 : at::kFloat;
  const StateTensors result{
      at::empty({args.clips, args.chunks, args.heads, 2, args.states, kSsdHeadWidth},
                u.options().dtype(type)),
      empty_floats({args.clips, args.chunks, args.heads}, u)};
  C10_CUDA_CHECK(ssd_states<T>(args, grad_y, result.pointers(), stream));
  return result;
}

}  // namespace

bool has_cuda_kernels(const SsdInputs& in) {
  return is_device_type(in.u.scalar_type()) && in.u.size(3) == kSsdHeadWidth &&
         has_cuda_ssd(in.B.size(2)) && in.u.numel() > 0;
}

at::Tensor bidirectional_ssd_cuda(const SsdInputs& raw) {
  const SsdInputs in = prepare(raw);
  const at::Tensor y = contiguous_like(in.u);
  launch_kernel(in.u, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const bool long_chunks = std::is_same_v<T, __nv_bfloat16> && in.u.size(2) > kSsdTile;
    const auto args = arguments_of<T>(in, long_chunks ? 2 : 1);
    const StateTensors states = make_states<T>(in, args, {}, stream);
    return ssd_forward<T>(args, states.pointers(), rows_of<T>(y), stream);
  });
  return y.view(raw.u.sizes()).to(raw.u.scalar_type());
}

SsdInputGradients bidirectional_ssd_cuda_backward(const SsdInputs& raw,
                                                  const at::Tensor& raw_grad_y) {
  const SsdInputs in = prepare(raw);
  const at::Tensor grad_y =
      with_aligned_rows(raw_grad_y.to(in.u.scalar_type()).flatten(2).unsqueeze(0));
  const at::Tensor grad_u = contiguous_like(in.u), grad_delta = contiguous_like(in.delta);
  const at::Tensor grad_B = contiguous_like(in.B), grad_C = contiguous_like(in.C);
  at::Tensor parameters;
  launch_kernel(in.u, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const auto args = arguments_of<T>(in, /*chunk_tiles=*/1);
    CudaSsdGradients<T> grads{};
    grads.y = rows_of<const T>(grad_y);
    const StateTensors states = make_states<T>(in, args, {}, stream);
    const StateTensors grad_states = make_states<T>(in, args, grads.y, stream);
    grads.states = states.pointers();
    grads.grad_states = grad_states.pointers();
    grads.u = rows_of<T>(grad_u);
    grads.delta = rows_of<T>(grad_delta);
    grads.B = rows_of<T>(grad_B);
    grads.C = rows_of<T>(grad_C);
    parameters = empty_floats({args.clips * args.chunks, 3, args.heads}, in.u);
    grads.parameters = data_of<float>(parameters);
    const at::Tensor similarities =
        empty_floats({args.clips, args.chunks, args.head_groups, kSsdTile, kSsdTile}, in.u);
    grads.similarities = data_of<float>(similarities);
    return ssd_backward<T>(args, grads, stream);
  });
  const at::Tensor sums = column_sums(parameters.flatten(1)).view({3, -1});
  const auto result = [](const at::Tensor& gradient, const at::Tensor& of) {
    return gradient.view(of.sizes()).to(of.scalar_type());
  };
  return {result(grad_u, raw.u),          result(grad_delta, raw.delta),
          result(sums[0], raw.A),         result(grad_B, raw.B),
          result(grad_C, raw.C),          result(sums[2], raw.D_skip),
          result(sums[1], raw.delta_bias)};
}

}  // namespace omniq::kernels::detail
