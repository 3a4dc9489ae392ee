#include "kernels/gated_rms_norm/gated_rms_norm.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/common/norm_epsilon.h"
#include "kernels/gated_rms_norm/gated_rms_norm_impl.h"

namespace omniq::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class GatedRmsNorm : public torch::autograd::Function<GatedRmsNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& z,
                            const at::Tensor& weight) {
    context->save_for_backward({y, z, weight});
    return detail::gated_rms_norm_cuda(y, z, weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "gated_rms_norm: second derivatives are not implemented");
    const auto saved = context->get_saved_variables();
    const auto grads =
        detail::gated_rms_norm_cuda_backward(saved[0], saved[1], saved[2], grad_outputs[0]);
    return {grads[0], grads[1], grads[2]};
  }
};

}  // namespace

at::Tensor detail::gated_rms_norm_composite(const at::Tensor& y, const at::Tensor& z,
                                            const at::Tensor& weight) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const auto type = y.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor gated = y.to(type) * at::silu(z.to(type));
  return at::rms_norm(gated, {weight.size(0)}, weight.to(type), kNormEpsilon).to(y.scalar_type());
}

at::Tensor gated_rms_norm(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  TORCH_CHECK(y.defined() && z.defined() && weight.defined(),
              "gated_rms_norm: y, z and weight must be defined");
  TORCH_CHECK(y.dim() == 3 && z.sizes() == y.sizes(), "gated_rms_norm: y has shape ", y.sizes(),
              " and z ", z.sizes(), ", expected the same [clips, tokens, channels]");
  TORCH_CHECK(weight.dim() == 1 && weight.size(0) == y.size(2), "gated_rms_norm: weight has shape ",
              weight.sizes(), ", expected [", y.size(2), "]");
  TORCH_CHECK(z.device() == y.device() && weight.device() == y.device(), "gated_rms_norm: y is on ",
              y.device(), " but z on ", z.device(), " and weight on ", weight.device());
  if (!y.is_cuda() || !detail::has_gated_norm_kernels(y)) {
    return detail::gated_rms_norm_composite(y, z, weight);
  }
  const bool differentiable = at::GradMode::is_enabled() &&
                              (y.requires_grad() || z.requires_grad() || weight.requires_grad());
  if (!differentiable) return detail::gated_rms_norm_cuda(y, z, weight);
  return GatedRmsNorm::apply(y, z, weight);
}

}  // namespace omniq::kernels
