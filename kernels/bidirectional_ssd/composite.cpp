#include "kernels/bidirectional_ssd/impl.h"
#include "kernels/common/operator.h"

namespace omniq::kernels::detail {
namespace {

// Σ of a over the tokens between t and s as in the header, [B, H, L (t), L (s)]. In float64: the
// sums from the first token grow large where the differences that matter are small.
at::Tensor decay_exponents(const at::Tensor& a) {
  const std::int64_t tokens = a.size(1);
  const at::Tensor sums = a.to(at::kDouble).transpose(1, 2).cumsum(-1);  // a_1 + … + a_t
  const at::Tensor sums_before = at::constant_pad_nd(sums, {1, 0}).narrow(-1, 0, tokens);
  const at::Tensor later = sums.unsqueeze(-1) - sums.unsqueeze(-2);                  // s < t
  const at::Tensor earlier = sums_before.unsqueeze(-2) - sums_before.unsqueeze(-1);  // s > t
  // Chosen before exp: in its wrong half each difference is ≥ 0 and could overflow.
  const at::Tensor index = at::arange(tokens, a.options().dtype(at::kLong));
  return at::where(index.unsqueeze(-1) >= index, later, earlier);
}

}  // namespace

at::Tensor bidirectional_ssd_composite(const SsdInputs& in) {
  const WithoutAutocast no_autocast;
  const auto type = exact_type(in.u);
  const at::Tensor inputs = in.u.to(type);
  // The threshold (above which torch returns x itself) is where that is exact in float64 too.
  at::Tensor step = at::softplus(in.delta.to(type) + in.delta_bias.to(type), 1, 40);
  if (in.mask.defined()) step = step.masked_fill(in.mask.logical_not().unsqueeze(-1), 0);
  const at::Tensor decay = at::exp(decay_exponents(step * in.A.to(type)).to(type));
  const at::Tensor half =
      at::eye(in.u.size(1), inputs.options()).add_(1).mul_(0.5);  // 1 where s = t
  const at::Tensor similarity =
      at::matmul(in.C.to(type), in.B.to(type).transpose(1, 2)) * half;  // [B, L, L]
  const at::Tensor weights =
      decay * similarity.unsqueeze(1) * step.transpose(1, 2).unsqueeze(2);  // [B, H, L, L]
  const at::Tensor mixed = at::matmul(weights, inputs.transpose(1, 2)).transpose(1, 2);
  return (mixed + in.D_skip.to(type).unsqueeze(-1) * inputs).to(in.u.scalar_type());
}

}  // namespace omniq::kernels::detail
