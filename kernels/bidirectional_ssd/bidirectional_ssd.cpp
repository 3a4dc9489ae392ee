// The direct product over all pairs of tokens: L is at most a few hundred, so the L × L weights of
// a head are small next to the states that a scan would go through.
#include "kernels/bidirectional_ssd/bidirectional_ssd.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace omniq::kernels {
namespace {

void check_shape(const char* name, const at::Tensor& x, at::IntArrayRef expected,
                 const at::Tensor& u) {
  TORCH_CHECK(x.defined(), "bidirectional_ssd: ", name, " is undefined");
  TORCH_CHECK(x.sizes() == expected, "bidirectional_ssd: ", name, " has shape ", x.sizes(),
              ", expected ", expected);
  TORCH_CHECK(x.device() == u.device(), "bidirectional_ssd: ", name, " is on ", x.device(),
              " but u is on ", u.device());
}

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

at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask) {
  TORCH_CHECK(u.defined() && u.dim() == 4 && u.size(1) >= 1,
              "bidirectional_ssd: u must have shape [clips, tokens, heads, channels] with at least "
              "one token");
  const auto clips = u.size(0), tokens = u.size(1), heads = u.size(2);
  TORCH_CHECK(B.defined() && B.dim() == 3,
              "bidirectional_ssd: B must have shape [clips, tokens, states]");
  const auto states = B.size(2);
  check_shape("delta", delta, {clips, tokens, heads}, u);
  check_shape("A", A, {heads}, u);
  check_shape("B", B, {clips, tokens, states}, u);
  check_shape("C", C, {clips, tokens, states}, u);
  check_shape("D_skip", D_skip, {heads}, u);
  check_shape("delta_bias", delta_bias, {heads}, u);

  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const auto type = u.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const at::Tensor inputs = u.to(type);
  // The threshold (above which torch returns x itself) is where that is exact in float64 too.
  at::Tensor step = at::softplus(delta.to(type) + delta_bias.to(type), 1, 40);
  if (mask.has_value() && mask->defined()) {
    check_shape("mask", *mask, {clips, tokens}, u);
    TORCH_CHECK(mask->scalar_type() == at::kBool, "bidirectional_ssd: mask has dtype ",
                mask->scalar_type(), ", expected bool");
    step = step.masked_fill(mask->logical_not().unsqueeze(-1), 0);
  }
  const at::Tensor decay = at::exp(decay_exponents(step * A.to(type)).to(type));
  const at::Tensor half = at::eye(tokens, inputs.options()).add_(1).mul_(0.5);  // 1 where s = t
  const at::Tensor similarity =
      at::matmul(C.to(type), B.to(type).transpose(1, 2)) * half;  // [B, L, L]
  const at::Tensor weights =
      decay * similarity.unsqueeze(1) * step.transpose(1, 2).unsqueeze(2);  // [B, H, L, L]
  const at::Tensor mixed = at::matmul(weights, inputs.transpose(1, 2)).transpose(1, 2);
  return (mixed + D_skip.to(type).unsqueeze(-1) * inputs).to(u.scalar_type());
}

}  // namespace omniq::kernels
