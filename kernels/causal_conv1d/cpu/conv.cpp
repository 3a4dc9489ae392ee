// Brings tensors into the form that the loops want, and divides the work among threads.
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "kernels/causal_conv1d/cpu/loops.h"
#include "kernels/causal_conv1d/impl.h"
#include "kernels/common/tensor_rows.h"

namespace omniq::kernels::detail {
namespace {

// Below this many outputs a second thread costs more than it saves.
constexpr std::int64_t kOutputsPerThread = 1 << 13;

struct ConvInputs {
  at::Tensor x, weight, bias, mask;  // weight [P, W, E]
};

ConvInputs prepare(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                   const at::Tensor& mask) {
  return {with_contiguous_rows(x), weight.transpose(1, 2).contiguous(), bias.contiguous(),
          mask.defined() ? mask.contiguous() : mask};
}

template <typename T>
ConvArguments<T> arguments_of(const ConvInputs& in, std::int64_t directions) {
  ConvArguments<T> args;
  args.directions = directions;
  args.clips = in.x.size(1);
  args.tokens = in.x.size(2);
  args.channels = in.x.size(3);
  args.width = in.weight.size(1);
  args.x = rows_of<T>(in.x);
  args.weight = in.weight.const_data_ptr<T>();
  args.bias = in.bias.const_data_ptr<T>();
  args.weight_direction = direction_stride(in.weight);
  args.bias_direction = direction_stride(in.bias);
  args.mask = in.mask.defined() ? in.mask.const_data_ptr<bool>() : nullptr;
  return args;
}

std::int64_t count_blocks(std::int64_t channels) {
  return (channels + kConvBlock - 1) / kConvBlock;
}

}  // namespace

at::Tensor causal_conv1d_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t directions, const at::Tensor& mask) {
  const ConvInputs in = prepare(x, weight, bias, mask);
  const at::Tensor out = at::empty({directions, x.size(1), x.size(2), x.size(3)}, x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "causal_conv1d", [&] {
    const auto args = arguments_of<scalar_t>(in, directions);
    const auto rows = mutable_rows_of<scalar_t>(out);
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
  const ConvInputs in = prepare(x, weight, bias, mask);
  const at::Tensor grad_out = with_contiguous_rows(raw_grad_out);
  const std::int64_t directions = grad_out.size(0);
  at::Tensor grad_x;
  at::Tensor grad_weight;
  at::Tensor grad_bias;
  if (needed[0]) grad_x = at::empty(x.sizes(), x.options());
  if (needed[1]) grad_weight = at::zeros(in.weight.sizes(), x.options());
  if (needed[2]) grad_bias = at::zeros(in.bias.sizes(), x.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "causal_conv1d_backward", [&] {
    const auto args = arguments_of<scalar_t>(in, directions);
    ConvGradients<scalar_t> grads{};
    grads.out = rows_of<scalar_t>(grad_out);
    grads.x = mutable_rows_of<scalar_t>(grad_x);
    grads.weight = needed[1] ? grad_weight.mutable_data_ptr<scalar_t>() : nullptr;
    grads.bias = needed[2] ? grad_bias.mutable_data_ptr<scalar_t>() : nullptr;
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
