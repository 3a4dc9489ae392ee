#include "kernels/causal_conv1d/causal_conv1d.h"
#include "kernels/causal_conv1d/impl.h"
#include "kernels/common/operator.h"

namespace omniq::kernels {
namespace {

struct CausalConv1d : torch::autograd::Function<CausalConv1d> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, std::int64_t directions,
                            const std::optional<at::Tensor>& mask, std::int64_t ahead) {
    context->save_for_backward({x, weight, bias, *mask});
    context->saved_data["ahead"] = ahead;
    return run(x, weight, bias, directions, *mask, ahead);
  }

  static at::Tensor run(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        std::int64_t directions, const at::Tensor& mask, std::int64_t ahead) {
    return x.is_cpu() ? detail::causal_conv1d_cpu(x, weight, bias, directions, mask)
                      : detail::causal_conv1d_cuda(x, weight, bias, directions, mask, ahead);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    const std::int64_t ahead = context->saved_data["ahead"].toInt();
    detail::check_first_derivative(ahead == 0 ? "causal_conv1d" : "centred_conv1d");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2], &mask = saved[3];
    const std::array<bool, 3> needed{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    const auto grads = x.is_cpu() ? detail::causal_conv1d_cpu_backward(x, weight, bias, mask,
                                                                       grad_outputs[0], needed)
                                  : detail::causal_conv1d_cuda_backward(
                                        x, weight, bias, mask, grad_outputs[0], needed, ahead);
    return {grads[0], grads[1], grads[2], {}, {}, {}};
  }
};

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
           std::int64_t directions, const at::Tensor& mask) {
  TORCH_CHECK(x.defined() && weight.defined() && bias.defined(),
              "causal_conv1d: x, weight and bias must be defined");
  TORCH_CHECK(directions == 1 || directions == 2, "causal_conv1d: directions is ", directions,
              ", expected 1 or 2");
  const auto shared = [directions](std::int64_t size) { return size == 1 || size == directions; };
  TORCH_CHECK(x.dim() == 4 && shared(x.size(0)) && x.size(2) >= 1 && x.size(3) >= 1,
              "causal_conv1d: x has shape ", x.sizes(), ", expected [1 or ", directions,
              " (directions), clips, tokens, channels] with at least one token and channel");
  const auto E = x.size(3);
  TORCH_CHECK(
      weight.dim() == 3 && shared(weight.size(0)) && weight.size(1) == E && weight.size(2) >= 1,
      "causal_conv1d: weight has shape ", weight.sizes(), ", expected [1 or ", directions, ", ", E,
      ", taps]");
  TORCH_CHECK(bias.dim() == 2 && shared(bias.size(0)) && bias.size(1) == E,
              "causal_conv1d: bias has shape ", bias.sizes(), ", expected [1 or ", directions, ", ",
              E, "]");
  TORCH_CHECK(!x.is_cpu() || x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble,
              "causal_conv1d: x has dtype ", x.scalar_type(),
              ", expected float32 or float64 on the CPU");
  detail::check_argument("causal_conv1d", "x", x, x);
  detail::check_argument("causal_conv1d", "weight", weight, x);
  detail::check_argument("causal_conv1d", "bias", bias, x);
  detail::check_mask("causal_conv1d", mask, x.sizes().slice(1, 2), x);
}

}  // namespace

at::Tensor detail::causal_conv1d_kernels(const at::Tensor& x, const at::Tensor& weight,
                                         const at::Tensor& bias, std::int64_t directions,
                                         const at::Tensor& mask, std::int64_t ahead) {
  if (!wants_gradient({x, weight, bias})) {
    return CausalConv1d::run(x, weight, bias, directions, mask, ahead);
  }
  return CausalConv1d::apply(x, weight, bias, directions, std::optional(mask), ahead);
}

at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& optional_mask) {
  const at::Tensor mask = optional_mask.value_or(at::Tensor());
  check(x, weight, bias, directions, mask);
  TORCH_CHECK(x.is_cpu() || x.is_cuda(), "causal_conv1d: no implementation for ", x.device());
  if (x.is_cuda() && !detail::has_cuda_kernels(x, weight)) {
    return detail::causal_conv1d_composite(x, weight, bias, directions, mask);
  }
  return detail::causal_conv1d_kernels(x, weight, bias, directions, mask, /*ahead=*/0);
}

}  // namespace omniq::kernels
