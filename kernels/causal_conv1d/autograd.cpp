#include <torch/csrc/autograd/custom_function.h>

#include "kernels/causal_conv1d/causal_conv1d.h"
#include "kernels/causal_conv1d/impl.h"

namespace omniq::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class CausalConv1d : public torch::autograd::Function<CausalConv1d> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, std::int64_t directions,
                            const std::optional<at::Tensor>& mask) {
    const at::Tensor mask_or_none = mask.value_or(at::Tensor());
    context->save_for_backward({x, weight, bias, mask_or_none});
    return run(x, weight, bias, directions, mask_or_none);
  }

  static at::Tensor run(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        std::int64_t directions, const at::Tensor& mask) {
    return x.is_cpu() ? detail::causal_conv1d_cpu(x, weight, bias, directions, mask)
                      : detail::causal_conv1d_cuda(x, weight, bias, directions, mask);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "causal_conv1d: second derivatives are not implemented");
    const auto saved = context->get_saved_variables();
    const std::array<bool, 3> needed{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    const auto grads = saved[0].is_cpu()
                           ? detail::causal_conv1d_cpu_backward(saved[0], saved[1], saved[2],
                                                                saved[3], grad_outputs[0], needed)
                           : detail::causal_conv1d_cuda_backward(saved[0], saved[1], saved[2],
                                                                 saved[3], grad_outputs[0], needed);
    return {grads[0], grads[1], grads[2], {}, {}};
  }
};

void check_tensor(const char* name, const at::Tensor& tensor, const at::Tensor& x) {
  TORCH_CHECK(tensor.device() == x.device(), "causal_conv1d: ", name, " is on ", tensor.device(),
              " but x is on ", x.device());
  if (x.is_cpu()) {
    TORCH_CHECK(tensor.scalar_type() == x.scalar_type(), "causal_conv1d: ", name, " has dtype ",
                tensor.scalar_type(), " but x has ", x.scalar_type());
  } else {
    TORCH_CHECK(at::isFloatingType(tensor.scalar_type()), "causal_conv1d: ", name, " has dtype ",
                tensor.scalar_type(), ", expected a floating type");
  }
}

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
           std::int64_t directions, const std::optional<at::Tensor>& mask) {
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
  check_tensor("x", x, x);
  check_tensor("weight", weight, x);
  check_tensor("bias", bias, x);
  if (mask.has_value() && mask->defined()) {
    TORCH_CHECK(mask->dim() == 2 && mask->size(0) == x.size(1) && mask->size(1) == x.size(2),
                "causal_conv1d: mask has shape ", mask->sizes(), ", expected [", x.size(1), ", ",
                x.size(2), "]");
    TORCH_CHECK(mask->scalar_type() == at::kBool, "causal_conv1d: mask has dtype ",
                mask->scalar_type(), ", expected bool");
    TORCH_CHECK(mask->device() == x.device(), "causal_conv1d: mask is on ", mask->device(),
                " but x is on ", x.device());
  }
}

}  // namespace

at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& mask) {
  check(x, weight, bias, directions, mask);
  const at::Tensor mask_or_none = mask.value_or(at::Tensor());
  TORCH_CHECK(x.is_cpu() || x.is_cuda(), "causal_conv1d: no implementation for ", x.device());
  if (x.is_cuda() && !detail::has_cuda_kernels(x, weight)) {
    return detail::causal_conv1d_composite(x, weight, bias, directions, mask_or_none);
  }
  const bool differentiable = at::GradMode::is_enabled() &&
                              (x.requires_grad() || weight.requires_grad() || bias.requires_grad());
  if (!differentiable) return CausalConv1d::run(x, weight, bias, directions, mask_or_none);
  return CausalConv1d::apply(x, weight, bias, directions, mask);
}

}  // namespace omniq::kernels
