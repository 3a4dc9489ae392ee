#include <torch/csrc/autograd/custom_function.h>

#include "kernels/bidirectional_ssd/bidirectional_ssd.h"
#include "kernels/bidirectional_ssd/impl.h"

namespace omniq::kernels {
namespace {

using detail::SsdInputs;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The CUDA kernels; the composite has torch's own autograd.
class BidirectionalSsd : public torch::autograd::Function<BidirectionalSsd> {
 public:
  // mask is optional here because an undefined tensor cannot be an argument.
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& delta,
                            const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
                            const at::Tensor& D_skip, const at::Tensor& delta_bias,
                            const std::optional<at::Tensor>& mask) {
    const SsdInputs in{u, delta, A, B, C, D_skip, delta_bias, mask.value_or(at::Tensor())};
    context->save_for_backward({u, delta, A, B, C, D_skip, delta_bias, in.mask});
    return detail::bidirectional_ssd_cuda(in);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    TORCH_CHECK(!at::GradMode::is_enabled(),
                "bidirectional_ssd: second derivatives are not implemented");
    const variable_list saved = context->get_saved_variables();
    const SsdInputs in{saved[0], saved[1], saved[2], saved[3],
                       saved[4], saved[5], saved[6], saved[7]};
    auto grads = detail::bidirectional_ssd_cuda_backward(in, grad_outputs[0]);
    variable_list result(grads.begin(), grads.end());
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (!context->needs_input_grad(i)) result[i] = at::Tensor();
    }
    result.emplace_back();  // mask
    return result;
  }
};

void check_shape(const char* name, const at::Tensor& x, at::IntArrayRef expected,
                 const at::Tensor& u) {
  TORCH_CHECK(x.defined(), "bidirectional_ssd: ", name, " is undefined");
  TORCH_CHECK(x.sizes() == expected, "bidirectional_ssd: ", name, " has shape ", x.sizes(),
              ", expected ", expected);
  TORCH_CHECK(x.device() == u.device(), "bidirectional_ssd: ", name, " is on ", x.device(),
              " but u is on ", u.device());
}

void check(const SsdInputs& in) {
  const at::Tensor& u = in.u;
  TORCH_CHECK(u.defined() && u.dim() == 4 && u.size(1) >= 1,
              "bidirectional_ssd: u must have shape [clips, tokens, heads, channels] with at least "
              "one token");
  const auto clips = u.size(0), tokens = u.size(1), heads = u.size(2);
  TORCH_CHECK(in.B.defined() && in.B.dim() == 3,
              "bidirectional_ssd: B must have shape [clips, tokens, states]");
  const auto states = in.B.size(2);
  check_shape("delta", in.delta, {clips, tokens, heads}, u);
  check_shape("A", in.A, {heads}, u);
  check_shape("B", in.B, {clips, tokens, states}, u);
  check_shape("C", in.C, {clips, tokens, states}, u);
  check_shape("D_skip", in.D_skip, {heads}, u);
  check_shape("delta_bias", in.delta_bias, {heads}, u);
  if (in.mask.defined()) {
    check_shape("mask", in.mask, {clips, tokens}, u);
    TORCH_CHECK(in.mask.scalar_type() == at::kBool, "bidirectional_ssd: mask has dtype ",
                in.mask.scalar_type(), ", expected bool");
  }
}

}  // namespace

at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask) {
  const SsdInputs in{u, delta, A, B, C, D_skip, delta_bias, mask.value_or(at::Tensor())};
  check(in);
  if (!u.is_cuda() || !detail::has_cuda_kernels(in)) {
    return detail::bidirectional_ssd_composite(in);
  }
  const bool differentiable =
      at::GradMode::is_enabled() &&
      (u.requires_grad() || delta.requires_grad() || A.requires_grad() || B.requires_grad() ||
       C.requires_grad() || D_skip.requires_grad() || delta_bias.requires_grad());
  if (!differentiable) return detail::bidirectional_ssd_cuda(in);
  return BidirectionalSsd::apply(u, delta, A, B, C, D_skip, delta_bias, mask);
}

}  // namespace omniq::kernels
