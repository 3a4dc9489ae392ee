#include "kernels/common/operator.h"
#include "kernels/selective_scan/impl.h"

namespace omniq::kernels::detail {
namespace {

// Turns the second direction's tokens around, which is its own inverse.
at::Tensor in_scan_order(const at::Tensor& x) {
  if (x.size(0) == 1) return x;
  return at::stack({x.select(0, 0), x.select(0, 1).flip(1)});
}

}  // namespace

at::Tensor selective_scan_composite(const ScanInputs& in) {
  const WithoutAutocast no_autocast;
  const auto type = exact_type(in.u);
  const at::Tensor u = in.u.to(type);
  // The threshold (above which torch returns x itself) is where that is exact in float64 too.
  at::Tensor step =
      at::softplus(in.delta.to(type) + in.delta_bias.to(type).unsqueeze(1).unsqueeze(1), 1, 40);
  if (in.mask.defined()) step = step.masked_fill(in.mask.logical_not().unsqueeze(-1), 0);

  const at::Tensor A = in.A.to(type).unsqueeze(1);                 // [P, 1, E, N]
  const auto steps = in_scan_order(step).unsqueeze(-1).unbind(2);  // L × [R, B, E, 1]
  const auto inputs = in_scan_order(step * u).unsqueeze(-1).unbind(2);
  const auto Bs = in_scan_order(in.B.to(type)).unsqueeze(-2).unbind(2);  // L × [R, B, 1, N]
  const auto Cs = in_scan_order(in.C.to(type)).unsqueeze(-2).unbind(2);
  std::vector<at::Tensor> outputs(steps.size());
  at::Tensor h;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const at::Tensor added = inputs[i] * Bs[i];
    h = i == 0 ? added : at::addcmul(added, at::exp(steps[i] * A), h);
    outputs[i] = (h * Cs[i]).sum(-1);  // no matmul: it may be set to TF32
  }
  at::Tensor y = in_scan_order(at::stack(outputs, 2));
  y = y + in.D_skip.to(type).unsqueeze(1).unsqueeze(1) * u;
  if (in.z.defined()) y = y * at::silu(in.z.to(type));
  return y.to(in.u.scalar_type());
}

}  // namespace omniq::kernels::detail
