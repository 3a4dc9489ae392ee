// Brings tensors into the form that the loops want, and divides the work among threads.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ceil_div.h>

#include <algorithm>
#include <vector>

#include "kernels/selective_scan/cpu/loops.h"
#include "kernels/selective_scan/impl.h"

namespace omniq::kernels::detail {
namespace {

// Below this many state updates a second thread costs more than it saves.
constexpr std::int64_t kUpdatesPerThread = 1 << 15;

// Zeros after the last state up to the multiple that the loops need.
at::Tensor pad_states(const at::Tensor& x) {
  const std::int64_t missing = -x.size(-1) & (kStateMultiple - 1);
  return missing == 0 ? with_contiguous_rows(x) : at::constant_pad_nd(x, {0, missing});
}

ScanInputs prepare(const ScanInputs& in) {
  return {with_contiguous_rows(in.u),
          with_contiguous_rows(in.delta),
          pad_states(in.A).contiguous(),
          pad_states(in.B),
          pad_states(in.C),
          in.D_skip.contiguous(),
          in.delta_bias.contiguous(),
          with_contiguous_rows(in.z),
          in.mask.defined() ? in.mask.contiguous() : in.mask};
}

// How backward is cut: channels first, because only the gradients of B and C (small) must then be
// summed over the parts; clips as well where there are more threads than channel tiles.
struct Grid {
  std::int64_t channel_parts = 1, clip_parts = 1;
};

Grid make_grid(const ScanInputs& in, std::int64_t tiles) {
  const std::int64_t updates = in.u.numel() * in.A.size(2);
  const std::int64_t threads =
      std::clamp<std::int64_t>(updates / kUpdatesPerThread, 1, at::get_num_threads());
  Grid grid;
  grid.channel_parts = std::min(tiles, threads);
  grid.clip_parts = std::min(in.u.size(1), at::ceil_div(threads, grid.channel_parts));
  return grid;
}

// A sum over parts in a fixed order; none where there is one part.
at::Tensor sum_parts(const at::Tensor& parts) {
  if (!parts.defined()) return parts;
  return parts.size(0) == 1 ? parts.select(0, 0) : parts.sum(0);
}

at::Tensor zero_parts(bool needed, std::int64_t parts, const at::Tensor& like) {
  if (!needed) return {};
  std::vector<std::int64_t> sizes{parts};
  sizes.insert(sizes.end(), like.sizes().begin(), like.sizes().end());
  return at::zeros(sizes, like.options());
}

at::Tensor without_padding(const at::Tensor& x, std::int64_t states) {
  return x.defined() && x.size(-1) != states ? x.narrow(-1, 0, states).contiguous() : x;
}

template <typename T>
T* part(const at::Tensor& parts, std::int64_t index) {
  return parts.defined() ? parts.mutable_data_ptr<T>() + index * parts.stride(0) : nullptr;
}

}  // namespace

at::Tensor selective_scan_cpu(const ScanInputs& raw) {
  const ScanInputs in = prepare(raw);
  const at::Tensor y = contiguous_like(in.u);
  AT_DISPATCH_FLOATING_TYPES(in.u.scalar_type(), "selective_scan", [&] {
    const auto args = arguments_of<scalar_t, scalar_t>(in);
    const auto out = rows_of<scalar_t>(y);
    const std::int64_t tiles = at::ceil_div(args.channels, kTile);
    const std::int64_t updates_per_tile = args.tokens * kTile * args.states;
    at::parallel_for(0, args.directions * args.clips * tiles,
                     std::max<std::int64_t>(1, kUpdatesPerThread / updates_per_tile),
                     [&](std::int64_t begin, std::int64_t end) {
                       std::vector<scalar_t> scratch(scan_forward_scratch(args.states));
                       scan_forward(args, out, begin, end, scratch.data());
                     });
  });
  return y;
}

ScanInputGradients selective_scan_cpu_backward(const ScanInputs& raw, const at::Tensor& raw_grad_y,
                                               const ScanInputNeeds& needed) {
  const auto [need_u, need_delta, need_A, need_B, need_C, need_D, need_bias, need_z] = needed;
  const ScanInputs in = prepare(raw);
  const at::Tensor grad_y = with_contiguous_rows(raw_grad_y);
  const std::int64_t tiles = at::ceil_div(in.u.size(3), kTile);
  const Grid grid = make_grid(in, tiles);

  at::Tensor grad_u, grad_delta, grad_z;
  if (need_u) grad_u = contiguous_like(in.u);
  if (need_delta) grad_delta = contiguous_like(in.delta);
  if (need_z && in.z.defined()) grad_z = contiguous_like(in.z);
  const at::Tensor grad_A = zero_parts(need_A, grid.clip_parts, in.A);
  const at::Tensor grad_D = zero_parts(need_D, grid.clip_parts, in.D_skip);
  const at::Tensor grad_bias = zero_parts(need_bias, grid.clip_parts, in.delta_bias);
  const at::Tensor grad_B = zero_parts(need_B || need_C, grid.channel_parts, in.B);
  const at::Tensor grad_C = zero_parts(need_B || need_C, grid.channel_parts, in.C);

  AT_DISPATCH_FLOATING_TYPES(in.u.scalar_type(), "selective_scan_backward", [&] {
    const auto args = arguments_of<scalar_t, scalar_t>(in);
    ScanGradients<scalar_t> common{};
    common.y = rows_of<const scalar_t>(grad_y);
    common.u = rows_of<scalar_t>(grad_u);
    common.delta = rows_of<scalar_t>(grad_delta);
    common.z = rows_of<scalar_t>(grad_z);
    at::parallel_for(
        0, grid.channel_parts * grid.clip_parts, 1, [&](std::int64_t begin, std::int64_t end) {
          std::vector<scalar_t> scratch(scan_backward_scratch(args.tokens, args.states));
          for (std::int64_t index = begin; index < end; ++index) {
            const std::int64_t channel_part = index % grid.channel_parts;
            const std::int64_t clip_part = index / grid.channel_parts;
            ScanGradients<scalar_t> grads = common;
            grads.A = part<scalar_t>(grad_A, clip_part);
            grads.D_skip = part<scalar_t>(grad_D, clip_part);
            grads.delta_bias = part<scalar_t>(grad_bias, clip_part);
            grads.B = part<scalar_t>(grad_B, channel_part);
            grads.C = part<scalar_t>(grad_C, channel_part);
            const ScanRange range{clip_part * args.clips / grid.clip_parts,
                                  (clip_part + 1) * args.clips / grid.clip_parts,
                                  channel_part * tiles / grid.channel_parts,
                                  (channel_part + 1) * tiles / grid.channel_parts};
            scan_backward(args, grads, range, scratch.data());
          }
        });
  });

  const std::int64_t states = raw.A.size(2);
  const auto result = [states](bool needed, const at::Tensor& parts) {
    return needed ? without_padding(sum_parts(parts), states) : at::Tensor();
  };
  return {grad_u,
          grad_delta,
          result(need_A, grad_A),
          result(need_B, grad_B),
          result(need_C, grad_C),
          sum_parts(grad_D),
          sum_parts(grad_bias),
          grad_z};
}

}  // namespace omniq::kernels::detail
