// Brings tensors into the form that the loops want, and divides the work among threads.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "kernels/causal_conv1d/cpu/loops.h"
#include "kernels/causal_conv1d/impl.h"

namespace omniq::kernels::detail {
namespace {

// Below this many outputs a second thread costs more than it saves.
constexpr std::int64_t kOutputsPerThread = 1 << 13;

std::int64_t count_blocks(std::int64_t channels) {
  return (channels + kConvBlock - 1) / kConvBlock;
}

}  // namespace

at::Tensor causal_conv1d_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t directions, const at::Tensor& mask) {
  const ConvInputs in(x, weight, bias, mask, x.scalar_type());
  const at::Tensor out = at::empty({directions, x.size(1), x.size(2), x.size(3)}, x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "causal_conv1d", [&] {
    const auto args = in.arguments<scalar_t, scalar_t>(directions);
    const auto rows = rows_of<scalar_t>(out);
    at::parallel_for(
        0, directions * args.clips * count_blocks(args.channels),
        std::max<std::int64_t>(1, kOutputsPerThread / (args.tokens * kConvBlock)),
        [&](std::int64_t begin, std::int64_t end) { conv_forward(args, rows, begin, end); });
  });
  return out;
}

std::array<at::Tensor, 3> causal_conv1d_cpu_backward(const at::Tensor& x, const at::Tensor& weight,
                                                     const at::Tensor& bias, const at::Tensor& mask,
                                                     const at::Tensor& raw_grad_out,
                                                     const std::array<bool, 3>& needed) {
  const ConvInputs in(x, weight, bias, mask, x.scalar_type());
  const at::Tensor grad_out = with_contiguous_rows(raw_grad_out);
  const std::int64_t directions = grad_out.size(0);
  at::Tensor grad_x, grad_weight, grad_bias;
  if (needed[0]) grad_x = at::empty(x.sizes(), x.options());
  if (needed[1]) grad_weight = at::zeros(in.weight.sizes(), x.options());
  if (needed[2]) grad_bias = at::zeros(in.bias.sizes(), x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "causal_conv1d_backward", [&] {
    const auto args = in.arguments<scalar_t, scalar_t>(directions);
    ConvGradients<scalar_t> grads{};
    grads.out = rows_of<const scalar_t>(grad_out);
    grads.x = rows_of<scalar_t>(grad_x);
    grads.weight = data_of<scalar_t>(grad_weight);
    grads.bias = data_of<scalar_t>(grad_bias);
    // Parts are whole blocks of channels, so that no gradient is summed over threads.
    const std::int64_t outputs_per_block = directions * args.clips * args.tokens * kConvBlock;
    const std::int64_t grain =
        std::max<std::int64_t>(1, kOutputsPerThread / std::max<std::int64_t>(1, outputs_per_block));
    at::parallel_for(0, count_blocks(args.channels), grain,
                     [&](std::int64_t begin, std::int64_t end) {
                       std::vector<scalar_t> scratch(args.tokens * kConvBlock);
                       conv_backward(args, grads, begin, end, scratch.data());
                     });
  });
  if (needed[1]) grad_weight = grad_weight.transpose(1, 2).contiguous();
  return {grad_x, grad_weight, grad_bias};
}

}  // namespace omniq::kernels::detail
