// The implementations behind causal_conv1d(); arguments as there, already checked. An absent mask
// is an undefined tensor.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <cstdint>

#include "kernels/causal_conv1d/arguments.h"
#include "kernels/common/tensor_rows.h"

namespace omniq::kernels::detail {

at::Tensor causal_conv1d_cpu(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             std::int64_t directions, const at::Tensor& mask);

/// Gradients of x, weight and bias, as far as they are needed (others stay undefined).
std::array<at::Tensor, 3> causal_conv1d_cpu_backward(const at::Tensor& x, const at::Tensor& weight,
                                                     const at::Tensor& bias, const at::Tensor& mask,
                                                     const at::Tensor& grad_out,
                                                     const std::array<bool, 3>& needed);

/// Whether there are CUDA kernels for these; the composite takes the others.
bool has_cuda_kernels(const at::Tensor& x, const at::Tensor& weight);

/// `ahead`: tokens after its own (before, for direction 1) that the filter reaches. Then it is not
/// causal any more: centred_conv1d().
at::Tensor causal_conv1d_cuda(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              std::int64_t directions, const at::Tensor& mask, std::int64_t ahead);
std::array<at::Tensor, 3> causal_conv1d_cuda_backward(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mask,
    const at::Tensor& grad_out, const std::array<bool, 3>& needed, std::int64_t ahead);

/// The kernels of x's device, differentiable once. On the CPU `ahead` must be 0.
at::Tensor causal_conv1d_kernels(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& bias, std::int64_t directions,
                                 const at::Tensor& mask, std::int64_t ahead);

/// Torch operators, with torch's autograd, for any device. Half types are computed in float32, also
/// under autocast; everything else in the dtype of x.
at::Tensor causal_conv1d_composite(const at::Tensor& x, const at::Tensor& weight,
                                   const at::Tensor& bias, std::int64_t directions,
                                   const at::Tensor& mask);

/// Tensors as kernels read them: contiguous rows of x; weight [P, W, E], and bias, in one dtype.
struct ConvInputs {
  at::Tensor x, weight, bias, mask;

  ConvInputs(const at::Tensor& of_x, const at::Tensor& of_weight, const at::Tensor& of_bias,
             const at::Tensor& of_mask, at::ScalarType parameters)
      : x(with_contiguous_rows(of_x)),
        weight(of_weight.to(parameters).transpose(1, 2).contiguous()),
        bias(of_bias.to(parameters).contiguous()),
        mask(of_mask.defined() ? of_mask.contiguous() : of_mask) {}

  template <typename T, typename Parameter>
  ConvArguments<T, Parameter> arguments(std::int64_t directions) const {
    ConvArguments<T, Parameter> args{};
    args.directions = directions;
    args.clips = x.size(1), args.tokens = x.size(2), args.channels = x.size(3);
    args.width = weight.size(1);
    args.x = rows_of<const T>(x);
    args.weight = data_of<const Parameter>(weight);
    args.bias = data_of<const Parameter>(bias);
    args.weight_direction = direction_stride(weight);
    args.bias_direction = direction_stride(bias);
    args.mask = data_of<const bool>(mask);
    return args;
  }
};

}  // namespace omniq::kernels::detail
