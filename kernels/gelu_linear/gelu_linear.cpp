#include "kernels/gelu_linear/gelu_linear.h"

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/gelu_linear/gelu_linear_cuda.h"

namespace omniq::kernels {
namespace {

void check(const at::Tensor& x, const at::Tensor& bias, const at::Tensor& weight,
           const at::Tensor& keep) {
  TORCH_CHECK(x.dim() >= 2 && x.is_floating_point(), "gelu_linear: x has shape ", x.sizes(),
              " and dtype ", x.scalar_type(), ", expected floating [n, ..., hidden]");
  TORCH_CHECK(bias.defined() && weight.defined(), "gelu_linear: bias and weight must be defined");
  const std::int64_t hidden = x.size(-1);
  detail::check_floating("gelu_linear", "bias", bias, {hidden}, x);
  TORCH_CHECK(weight.dim() == 2 && weight.size(1) == hidden, "gelu_linear: weight has shape ",
              weight.sizes(), ", expected [out, ", hidden, "]");
  detail::check_dtype("gelu_linear", "weight", weight, x);
  detail::check_device("gelu_linear", "weight", weight, x);
  detail::check_frame_factors("gelu_linear", keep, x);
}

template <typename T>
detail::CudaGeluArguments<T> arguments(const at::Tensor& x, const at::Tensor& bias,
                                       const at::Tensor& keep, const at::Tensor& active) {
  const std::int64_t rows = x.numel() / x.size(-1);
  return {rows,
          rows / x.size(0),
          static_cast<int>(x.size(-1)),
          detail::data_of<const T>(x),
          detail::data_of<const float>(bias),
          detail::data_of<const float>(keep),
          detail::data_of<T>(active)};
}

struct GeluLinear : torch::autograd::Function<GeluLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& raw_x,
                            const at::Tensor& raw_bias, const at::Tensor& weight,
                            const std::optional<at::Tensor>& raw_keep) {
    const at::Tensor x = detail::with_aligned_start(raw_x);
    const at::Tensor bias = detail::with_aligned_start(detail::contiguous_floats(raw_bias));
    const at::Tensor keep = detail::contiguous_floats(*raw_keep);
    const at::Tensor active = detail::contiguous_like(x);
    detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
      return detail::gelu(arguments<decltype(zero)>(x, bias, keep, active), stream);
    });
    context->save_for_backward({x, bias, weight, keep});
    context->saved_data["bias_dtype"] = raw_bias.scalar_type();
    return at::linear(active, weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    detail::check_first_derivative("gelu_linear");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1], &weight = saved[2], &keep = saved[3];
    const detail::WithoutAutocast no_autocast;
    const at::Tensor d_out = gradients[0].contiguous().view({-1, weight.size(0)});
    const at::Tensor d = at::mm(d_out, weight);  // that of the active, then of x
    const at::Tensor active = detail::contiguous_like(x);
    const int parts = detail::gelu_backward_parts(d.size(0), static_cast<int>(d.size(1)),
                                                  detail::properties_of(x).multiProcessorCount);
    const at::Tensor d_bias = at::empty({parts, d.size(1)}, bias.options());
    detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
      using T = decltype(zero);
      return detail::gelu_backward(arguments<T>(x, bias, keep, active), detail::data_of<T>(d),
                                   detail::data_of<float>(d_bias), parts, stream);
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
  const detail::WithoutAutocast no_autocast;
  if (detail::has_half_rows(x)) return GeluLinear::apply(x, bias, weight, std::optional(keep));
  const auto type = detail::exact_type(x);
  at::Tensor active = at::gelu(x.to(type) + bias.to(type));
  if (keep.defined()) active = active * detail::as_factors_of(x, keep.to(type));
  return at::linear(active.to(x.scalar_type()), weight);
}

}  // namespace omniq::kernels
