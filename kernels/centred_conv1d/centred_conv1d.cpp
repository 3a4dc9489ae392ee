#include "kernels/centred_conv1d/centred_conv1d.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/causal_conv1d/impl.h"
#include "kernels/centred_conv1d/centred_conv1d_impl.h"

namespace omniq::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The causal kernels look ahead by half a filter; one direction, one set of parameters.
at::Tensor run(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
               const at::Tensor& mask) {
  return detail::causal_conv1d_cuda(x.unsqueeze(0), weight.unsqueeze(0), bias.unsqueeze(0),
                                    /*directions=*/1, mask, weight.size(1) / 2)
      .squeeze(0);
}

class CentredConv1d : public torch::autograd::Function<CentredConv1d> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& mask) {
    const at::Tensor mask_or_none = mask.value_or(at::Tensor());
    context->save_for_backward({x, weight, bias, mask_or_none});
    return run(x, weight, bias, mask_or_none);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "centred_conv1d: second derivatives are not implemented");
    const auto saved = context->get_saved_variables();
    const auto grads = detail::causal_conv1d_cuda_backward(
        saved[0].unsqueeze(0), saved[1].unsqueeze(0), saved[2].unsqueeze(0), saved[3],
        grad_outputs[0].unsqueeze(0),
        {context->needs_input_grad(0), context->needs_input_grad(1), context->needs_input_grad(2)},
        saved[1].size(1) / 2);
    variable_list result;
    for (const at::Tensor& grad : grads) {
      result.push_back(grad.defined() ? grad.squeeze(0) : grad);
    }
    result.emplace_back();  // mask
    return result;
  }
};

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
           const std::optional<at::Tensor>& mask) {
  TORCH_CHECK(x.defined() && weight.defined() && bias.defined(),
              "centred_conv1d: x, weight and bias must be defined");
  TORCH_CHECK(x.dim() == 3 && x.size(1) >= 1 && x.size(2) >= 1, "centred_conv1d: x has shape ",
              x.sizes(),
              ", expected [clips, tokens, channels] with at least one token and channel");
  TORCH_CHECK(weight.dim() == 2 && weight.size(0) == x.size(2) && weight.size(1) % 2 == 1,
              "centred_conv1d: weight has shape ", weight.sizes(), ", expected [", x.size(2),
              ", taps] with an odd number of taps");
  TORCH_CHECK(bias.dim() == 1 && bias.size(0) == x.size(2), "centred_conv1d: bias has shape ",
              bias.sizes(), ", expected [", x.size(2), "]");
  for (const at::Tensor* t : {&weight, &bias}) {
    TORCH_CHECK(t->device() == x.device(), "centred_conv1d: weight or bias is on ", t->device(),
                " but x is on ", x.device());
  }
  if (!mask.has_value() || !mask->defined()) return;
  TORCH_CHECK(mask->sizes() == x.sizes().slice(0, 2) && mask->scalar_type() == at::kBool,
              "centred_conv1d: mask has shape ", mask->sizes(), " and dtype ", mask->scalar_type(),
              ", expected ", x.sizes().slice(0, 2), " of bool");
  TORCH_CHECK(mask->device() == x.device(), "centred_conv1d: mask is on ", mask->device(),
              " but x is on ", x.device());
}

}  // namespace

at::Tensor detail::centred_conv1d_composite(const at::Tensor& x, const at::Tensor& weight,
                                            const at::Tensor& bias, const at::Tensor& mask) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const auto type = x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor input = x.to(type);
  if (mask.defined()) input = input.masked_fill(mask.logical_not().unsqueeze(-1), 0);
  const at::Tensor sums =
      at::conv1d(input.transpose(1, 2), weight.to(type).unsqueeze(1), bias.to(type), /*stride=*/1,
                 /*padding=*/weight.size(1) / 2, /*dilation=*/1, /*groups=*/x.size(2));
  return at::silu(sums.transpose(1, 2)).to(x.scalar_type());
}

at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& mask) {
  check(x, weight, bias, mask);
  const at::Tensor mask_or_none = mask.value_or(at::Tensor());
  if (!x.is_cuda() || !detail::has_cuda_kernels(x, weight.unsqueeze(0))) {
    return detail::centred_conv1d_composite(x, weight, bias, mask_or_none);
  }
  const bool differentiable = at::GradMode::is_enabled() &&
                              (x.requires_grad() || weight.requires_grad() || bias.requires_grad());
  if (!differentiable) return run(x, weight, bias, mask_or_none);
  return CentredConv1d::apply(x, weight, bias, mask);
}

}  // namespace omniq::kernels
