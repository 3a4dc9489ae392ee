#include "kernels/bidirectional_ssd/bidirectional_ssd.h"
#include "kernels/bidirectional_ssd/impl.h"
#include "kernels/common/operator.h"

namespace omniq::kernels {
namespace {

using detail::SsdInputs;

/// The CUDA kernels; the composite has torch's own autograd.
struct BidirectionalSsd : torch::autograd::Function<BidirectionalSsd> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& delta,
                            const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
                            const at::Tensor& D_skip, const at::Tensor& delta_bias,
                            const std::optional<at::Tensor>& mask) {
    const SsdInputs in{u, delta, A, B, C, D_skip, delta_bias, mask.value_or(at::Tensor())};
    context->save_for_backward({u, delta, A, B, C, D_skip, delta_bias, in.mask});
    return detail::bidirectional_ssd_cuda(in);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    detail::check_first_derivative("bidirectional_ssd");
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

void check_argument(const char* name, const at::Tensor& x, at::IntArrayRef shape,
                    const at::Tensor& u) {
  TORCH_CHECK(x.defined(), "bidirectional_ssd: ", name, " is undefined");
  detail::check_shape("bidirectional_ssd", name, x, shape);
  detail::check_device("bidirectional_ssd", name, x, u, "u");
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
  check_argument("delta", in.delta, {clips, tokens, heads}, u);
  check_argument("A", in.A, {heads}, u);
  check_argument("B", in.B, {clips, tokens, states}, u);
  check_argument("C", in.C, {clips, tokens, states}, u);
  check_argument("D_skip", in.D_skip, {heads}, u);
  check_argument("delta_bias", in.delta_bias, {heads}, u);
  detail::check_mask("bidirectional_ssd", in.mask, {clips, tokens}, u, "u");
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
  if (!detail::wants_gradient({u, delta, A, B, C, D_skip, delta_bias})) {
    return detail::bidirectional_ssd_cuda(in);
  }
  return BidirectionalSsd::apply(u, delta, A, B, C, D_skip, delta_bias, mask);
}

}  // namespace omniq::kernels
