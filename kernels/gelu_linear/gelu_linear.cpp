#include "kernels/gelu_linear/gelu_linear.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/frame_factors.h"
#include "kernels/gelu_linear/gelu_linear_cuda.h"

namespace omniq::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

void check(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& weight,
           const at::Tensor& keep) {
  TORCH_CHECK(x.dim() >= 2 && x.is_floating_point(), "gelu_linear: x has shape ", x.sizes(),
              " and dtype ", x.scalar_type(), ", expected floating [n, ..., hidden]");
  TORCH_CHECK(bias.defined() && weight.defined(), "gelu_linear: bias and weight must be defined");
  const std::int64_t hidden = x.size(-1);
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == hidden && bias.is_floating_point(),
              "gelu_linear: bias has shape ", bias.sizes(), " and dtype ", bias.scalar_type(),
              ", expected floating [", hidden, "]");
  TORCH_CHECK(weight.dim() == 2 && weight.size(1) == hidden, "gelu_linear: weight has shape ",
              weight.sizes(), ", expected [out, ", hidden, "]");
  TORCH_CHECK(weight.scalar_type() == x.scalar_type(), "gelu_linear: x is ", x.scalar_type(),
              " and weight ", weight.scalar_type());
  TORCH_CHECK(bias.device() == x.device() && weight.device() == x.device(), "gelu_linear: x is on ",
              x.device(), " but bias on ", bias.device(), " and weight on ", weight.device());
  detail::check_frame_factors("gelu_linear", keep, x);
}

template <typename T>
detail::CudaGeluArguments<T> arguments(const at::Tensor& x, const at::Tensor& bias,
                                       const at::Tensor& keep, const at::Tensor& active) {
  const std::int64_t rows = x.numel() / x.size(-1);
  return {rows,
          rows / x.size(0),
          static_cast<int>(x.size(-1)),
          static_cast<const T*>(x.const_data_ptr()),
          bias.const_data_ptr<float>(),
          keep.defined() ? keep.const_data_ptr<float>() : nullptr,
          static_cast<T*>(active.mutable_data_ptr())};
}

// keep is optional here because an undefined tensor cannot be an argument.
struct GeluLinear : torch::autograd::Function<GeluLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& raw_x,
                            const at::Tensor& raw_bias, const at::Tensor& weight,
                            const std::optional<at::Tensor>& raw_keep) {
    const c10::cuda::CUDAGuard guard(raw_x.device());
    const at::Tensor x = detail::with_aligned_start(raw_x.contiguous());
    const at::Tensor bias = detail::with_aligned_start(detail::contiguous_floats(raw_bias));
    const at::Tensor keep = detail::contiguous_floats(*raw_keep);
    const at::Tensor active = at::empty(x.sizes(), x.options());
    detail::dispatch_half_type(x.scalar_type(), [&](auto zero) {
      using T = decltype(zero);
      C10_CUDA_CHECK(
          detail::gelu(arguments<T>(x, bias, keep, active), at::cuda::getCurrentCUDAStream()));
    });
    context->save_for_backward({x, bias, weight, keep});
    context->saved_data["bias_dtype"] = raw_bias.scalar_type();
    return at::linear(active, weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "gelu_linear: second derivatives are not implemented");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1], &weight = saved[2], &keep = saved[3];
    const c10::cuda::CUDAGuard guard(x.device());
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    const at::Tensor d_out = gradients[0].contiguous().view({-1, weight.size(0)});
    const at::Tensor d = at::mm(d_out, weight);  // that of the active, then of x
    const at::Tensor active = at::empty(x.sizes(), x.options());
    const int parts = detail::gelu_backward_parts(
        d.size(0), static_cast<int>(d.size(1)),
        at::cuda::getDeviceProperties(x.device().index())->multiProcessorCount);
    const at::Tensor d_bias = at::empty({parts, d.size(1)}, bias.options());
    detail::dispatch_half_type(x.scalar_type(), [&](auto zero) {
      using T = decltype(zero);
      C10_CUDA_CHECK(detail::gelu_backward(
          arguments<T>(x, bias, keep, active), static_cast<T*>(d.mutable_data_ptr()),
          d_bias.mutable_data_ptr<float>(), parts, at::cuda::getCurrentCUDAStream()));
    });
    at::Tensor d_weight;
    if (context->needs_input_grad(2)) {
      d_weight = at::mm(d_out.t(), active.view({-1, weight.size(1)}));
    }
    return {d.view(x.sizes()),
            column_sums(d_bias).to(context->saved_data["bias_dtype"].toScalarType()),
            d_weight,
            {}};
  }
};

}  // namespace

at::Tensor gelu_linear(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& weight,
                       const at::Tensor& keep) {
  check(x, bias, weight, keep);
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  if (detail::has_half_rows(x)) return GeluLinear::apply(x, bias, weight, std::optional(keep));
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor active = at::gelu(x.to(type) + bias.to(type));
  if (keep.defined()) active = active * detail::as_factors_of(x, keep.to(type));
  return at::linear(active.to(x.scalar_type()), weight);
}

}  // namespace omniq::kernels
