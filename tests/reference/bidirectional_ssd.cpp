#include "tests/reference/bidirectional_ssd.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask) {
  const auto clips = u.size(0), L = u.size(1), H = u.size(2), P = u.size(3), N = B.size(2);
  const at::Tensor input = to_double(u);
  const at::Tensor step =
      exact_softplus(to_double(delta) + to_double(delta_bias)) * live_tokens(mask, clips, L);
  const at::Tensor rates = to_double(A).reshape({1, H, 1, 1});
  const auto us = input.unsqueeze(-1).unbind(1);                        // L × [B, H, P, 1]
  const auto steps = step.unsqueeze(-1).unsqueeze(-1).unbind(1);        // L × [B, H, 1, 1]
  const auto Bs = to_double(B).reshape({clips, L, 1, 1, N}).unbind(1);  // L × [B, 1, 1, N]
  const auto Cs = to_double(C).reshape({clips, L, 1, 1, N}).unbind(1);
  std::vector<at::Tensor> outputs(L);
  for (std::int64_t direction = 0; direction < 2; ++direction) {
    at::Tensor h = torch::zeros({clips, H, P, N}, at::kDouble);
    for (std::int64_t i = 0; i < L; ++i) {
      const std::int64_t t = direction == 0 ? i : L - 1 - i;
      h = torch::exp(steps[t] * rates) * h + steps[t] * Bs[t] * us[t];
      const at::Tensor y = 0.5 * (h * Cs[t]).sum(-1);  // [B, H, P]
      outputs[t] = direction == 0 ? y : outputs[t] + y;
    }
  }
  return torch::stack(outputs, 1) + to_double(D_skip).unsqueeze(-1) * input;
}

}  // namespace omniq::reference
