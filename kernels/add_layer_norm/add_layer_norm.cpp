#include "kernels/add_layer_norm/add_layer_norm.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/add_layer_norm/add_layer_norm_cuda.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/norm_epsilon.h"

namespace omniq::kernels {
namespace {

void check(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& weight,
           const at::Tensor& bias) {
  TORCH_CHECK(x.defined() && x.dim() >= 1, "add_layer_norm: x must have at least one axis");
  TORCH_CHECK(!delta.defined() || delta.sizes() == x.sizes(), "add_layer_norm: x has shape ",
              x.sizes(), " and delta another");
  for (const at::Tensor* t : {&weight, &bias}) {
    TORCH_CHECK(t->defined() && t->dim() == 1 && t->size(0) == x.size(-1),
                "add_layer_norm: weight and bias must have shape [", x.size(-1), "]");
    TORCH_CHECK(t->device() == x.device(), "add_layer_norm: weight or bias is on ", t->device(),
                " but x is on ", x.device());
  }
  TORCH_CHECK(!delta.defined() || delta.device() == x.device(), "add_layer_norm: x is on ",
              x.device(), " but delta is not");
  bool differentiable = false;
  for (const at::Tensor& t : {x, delta, weight, bias}) {
    differentiable = differentiable || (t.defined() && t.requires_grad());
  }
  TORCH_CHECK(!at::GradMode::is_enabled() || !differentiable,
              "add_layer_norm: there are no gradients; compute without them");
}

bool has_kernel(const at::Tensor& x, const at::Tensor& delta) {
  const auto type = x.scalar_type();
  return x.is_cuda() && (type == at::kFloat || type == at::kHalf || type == at::kBFloat16) &&
         (!delta.defined() || delta.scalar_type() == type) && x.size(-1) % 4 == 0 &&
         x.size(-1) <= detail::kMostNormChannels && x.numel() > 0;
}

SumAndNorm run(const at::Tensor& raw_x, const at::Tensor& raw_delta, const at::Tensor& weight,
               const at::Tensor& bias) {
  const c10::cuda::CUDAGuard guard(raw_x.device());
  const auto rows_of = [](const at::Tensor& x) {
    return detail::with_aligned_rows(x.contiguous().view({-1, x.size(-1)}));
  };
  const at::Tensor x = rows_of(raw_x), of_weight = detail::contiguous_floats(weight),
                   of_bias = detail::contiguous_floats(bias);
  const at::Tensor delta = raw_delta.defined() ? rows_of(raw_delta) : raw_delta;
  const at::Tensor norm = at::empty(raw_x.sizes(), raw_x.options());
  const at::Tensor sum = delta.defined() ? at::empty(raw_x.sizes(), raw_x.options()) : raw_x;
  detail::dispatch_device_type(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const auto data = [](const at::Tensor& t) { return static_cast<T*>(t.data_ptr()); };
    const detail::CudaAddNormArguments<T> args{x.size(0),
                                               x.size(1),
                                               data(x),
                                               delta.defined() ? data(delta) : nullptr,
                                               of_weight.const_data_ptr<float>(),
                                               of_bias.const_data_ptr<float>(),
                                               delta.defined() ? data(sum) : nullptr,
                                               data(norm)};
    C10_CUDA_CHECK(detail::add_layer_norm<T>(args, at::cuda::getCurrentCUDAStream()));
  });
  return {sum, norm};
}

}  // namespace

SumAndNorm add_layer_norm(const at::Tensor& x, const std::optional<at::Tensor>& delta,
                          const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor delta_or_none = delta.value_or(at::Tensor());
  check(x, delta_or_none, weight, bias);
  if (has_kernel(x, delta_or_none)) return run(x, delta_or_none, weight, bias);
  const at::Tensor sum = delta_or_none.defined() ? x + delta_or_none : x;
  const auto type = sum.scalar_type();
  return {sum, at::layer_norm(sum, {sum.size(-1)}, weight.to(type), bias.to(type),
                              detail::kNormEpsilon)};
}

}  // namespace omniq::kernels
