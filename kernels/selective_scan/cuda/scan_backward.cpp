// The backward pass on CUDA: which kernels it takes, and how the work is cut for them.
#include "kernels/selective_scan/cuda/prepare.h"

namespace omniq::kernels::detail {
namespace {

// What the kernels on tensor cores need beside their results for as many clips as they take at
// once; one clip may need more.
constexpr std::int64_t kMostScratchBytes = std::int64_t{1} << 30;

// A sum over directions where `like` is shared by them, as `like`.
at::Tensor sum_directions(const at::Tensor& x, const at::Tensor& like) {
  const bool shared = like.size(0) == 1 && x.size(0) > 1;
  return (shared ? (x[0] + x[1]).unsqueeze(0) : x).to(like.scalar_type());
}

// Gradients as the kernels write them: of each direction.
struct Gradients {
  at::Tensor u, delta, z, B, C;
  at::Tensor A;         // [directions, clips, channels, states], if needed
  at::Tensor channels;  // of D_skip and delta_bias, [2, directions, channels], if needed
  bool needs_channels;
};

template <typename T>
cudaError_t backward(const Prepared& prepared, const at::Tensor& ungated, const at::Tensor& grad_y,
                     Gradients& out, cudaStream_t stream) {
  const ScanInputs& in = prepared.in;
  const std::int64_t R = in.u.size(0), clips = in.u.size(1), L = in.u.size(2), E = in.u.size(3),
                     N = in.A.size(2);
  const cudaDeviceProp* device = at::cuda::getCurrentDeviceProperties();
  const auto args = arguments_of<T>(prepared);
  const ScanBackwardPlan plan = plan_scan_backward<T>(
      args, static_cast<int>(device->sharedMemPerBlockOptin), device->multiProcessorCount);
  const at::Tensor starts = chunk_starts<T>(prepared, plan.chunks, stream);
  const at::Tensor carry =
      plan.chunks.count > 1 ? empty_floats({R, clips, E, N}, in.u) : at::Tensor();
  const at::Tensor shares = empty_floats({plan.sharing_blocks, R, clips, L, 2, N}, in.u);
  const at::Tensor channels = empty_floats({2, R, clips, E}, in.u);  // summed over clips together
  CudaScanGradients<T> grads{};
  grads.y = rows_of<const T>(grad_y);
  grads.ungated = rows_of<const T>(ungated);
  grads.u = rows_of<T>(out.u);
  grads.delta = rows_of<T>(out.delta);
  grads.z = rows_of<T>(out.z);
  grads.starts = data_of<const float>(starts);
  grads.carry = data_of<float>(carry);
  grads.A = data_of<float>(out.A);
  grads.D_skip = data_of<float>(channels);
  grads.delta_bias = grads.D_skip + R * clips * E;
  grads.shares = data_of<float>(shares);
  C10_CUDA_CHECK(scan_backward<T>(args, grads, plan, stream));
  C10_CUDA_CHECK(scan_sum_shares<T>(grads.shares, plan.sharing_blocks, R * clips * L, N,
                                    data_of<T>(out.B), data_of<T>(out.C), stream));
  if (out.needs_channels) out.channels = channels.sum(2);
  return cudaSuccess;
}

// x [·, clips, …], or undefined, for some clips alone.
at::Tensor some_clips(const at::Tensor& x, std::int64_t first, std::int64_t count) {
  return x.defined() ? x.narrow(1, first, count) : x;
}

template <typename T>
cudaError_t backward_products(const Prepared& prepared, const at::Tensor& ungated,
                              const at::Tensor& grad_y, Gradients& out, cudaStream_t stream) {
  const ScanInputs& all = prepared.in;
  const std::int64_t R = all.u.size(0), clips = all.u.size(1), E = all.u.size(3);
  const auto scratch_of = [&](const Prepared& of) {
    return scan_backward_products_scratch<T>(arguments_of<T>(of));
  };
  const ScanProductScratch scratch = scratch_of(prepared);
  const std::int64_t of_clip = at::ceil_div(
      scratch.states_bytes + scratch.shares_floats * std::int64_t{sizeof(float)}, clips);
  const std::int64_t at_once = std::clamp<std::int64_t>(kMostScratchBytes / of_clip, 1, clips);
  for (std::int64_t first = 0; first < clips; first += at_once) {
    const std::int64_t count = std::min(at_once, clips - first);
    const auto some = [&](const at::Tensor& x) { return some_clips(x, first, count); };
    Prepared slice = prepared;
    ScanInputs& in = slice.in;
    in.u = some(all.u), in.delta = some(all.delta), in.B = some(all.B), in.C = some(all.C);
    in.z = some(all.z);
    if (all.mask.defined()) in.mask = all.mask.narrow(0, first, count);

    const ScanChunks chunks = cut_products(in);
    const ChunkEnds ends = chunk_ends<T>(slice, chunks, stream);
    const at::Tensor adjoints = ends.states.defined() ? at::empty_like(ends.states) : at::Tensor();
    const ScanProductScratch needed = scratch_of(slice);
    const at::Tensor states = at::empty({needed.states_bytes}, all.u.options().dtype(at::kByte));
    const at::Tensor shares = empty_floats({needed.shares_floats}, all.u);
    const at::Tensor channels = empty_floats({2, R, count, chunks.count, E}, all.u);
    CudaScanProductGradients<T> grads{};
    grads.y = rows_of<const T>(some(grad_y));
    grads.ungated = rows_of<const T>(some(ungated));
    grads.u = rows_of<T>(some(out.u));
    grads.delta = rows_of<T>(some(out.delta));
    grads.z = rows_of<T>(some(out.z));
    grads.B = rows_of<T>(some(out.B));
    grads.C = rows_of<T>(some(out.C));
    grads.ends = data_of<const float>(ends.states);
    grads.exponents = data_of<const float>(ends.exponents);
    grads.adjoints = data_of<float>(adjoints);
    grads.states = states.mutable_data_ptr();
    grads.shares = data_of<float>(shares);
    grads.D_skip = data_of<float>(channels);
    grads.delta_bias = grads.D_skip + channels.stride(0);
    C10_CUDA_CHECK(scan_backward_products<T>(arguments_of<T>(slice), grads, chunks, stream));
    if (!out.needs_channels) continue;
    const at::Tensor sum = channels.sum({2, 3});
    out.channels = out.channels.defined() ? out.channels + sum : sum;
  }
  return cudaSuccess;
}

}  // namespace

bool has_tensor_core_scan_backward(at::ScalarType type, std::int64_t states) {
  if (!has_scan_products(states) || !is_half(type)) return false;
  return fits_a_block(type == at::kHalf
                          ? scan_backward_products_shared_bytes<__half>(states)
                          : scan_backward_products_shared_bytes<__nv_bfloat16>(states));
}

ScanInputGradients selective_scan_cuda_backward(const ScanInputs& raw, const at::Tensor& rates,
                                                const at::Tensor& ungated,
                                                const at::Tensor& raw_grad_y,
                                                const ScanInputNeeds& needed) {
  const auto [need_u, need_delta, need_A, need_B, need_C, need_D, need_bias, need_z] = needed;
  TORCH_CHECK(!(need_A && rates.defined()),
              "selective_scan: A has no gradient where rates are given");
  const c10::cuda::CUDAGuard guard(raw.u.device());
  const Prepared prepared = prepare(raw, rates);
  const ScanInputs& in = prepared.in;
  const auto type = in.u.scalar_type();
  const std::int64_t N = in.A.size(2);
  const at::Tensor grad_y = with_contiguous_rows(raw_grad_y.to(type));

  Gradients out;
  out.u = contiguous_like(in.u), out.delta = contiguous_like(in.u);
  out.B = contiguous_like(in.B), out.C = contiguous_like(in.C);
  if (in.z.defined()) out.z = contiguous_like(in.u);  // of each direction, also where z is shared
  out.needs_channels = need_D || need_bias;
  if (need_A) out.A = empty_floats({in.u.size(0), in.u.size(1), in.u.size(3), N}, in.u);
  launch_kernel(in.u, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    if constexpr (!std::is_same_v<T, float>) {
      if (prepared.rates.defined() && has_tensor_core_scan_backward(type, N)) {
        return backward_products<T>(prepared, ungated, grad_y, out, stream);
      }
    }
    return backward<T>(prepared, ungated, grad_y, out, stream);
  });

  const auto result = [](bool wanted, const at::Tensor& gradient, const at::Tensor& of) {
    return wanted ? gradient.to(of.scalar_type()) : at::Tensor();
  };
  at::Tensor of_A;
  if (need_A) {
    const bool shared = raw.A.size(0) == 1;
    of_A = (shared ? out.A.flatten(0, 1).unsqueeze(0) : out.A).sum(1).to(raw.A.scalar_type());
  }
  return {result(need_u, out.u, raw.u),
          result(need_delta, out.delta, raw.delta),
          of_A,
          result(need_B, out.B, raw.B),
          result(need_C, out.C, raw.C),
          need_D ? sum_directions(out.channels[0], raw.D_skip) : at::Tensor(),
          need_bias ? sum_directions(out.channels[1], raw.delta_bias) : at::Tensor(),
          need_z && in.z.defined() ? sum_directions(out.z, raw.z) : at::Tensor()};
}

}  // namespace omniq::kernels::detail
