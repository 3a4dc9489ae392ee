#include "tests/reference/selective_scan.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask) {
  const auto R = u.size(0), clips = u.size(1), L = u.size(2), E = u.size(3), N = A.size(2);
  const at::Tensor live = live_tokens(mask, clips, L);
  std::vector<at::Tensor> directions;
  for (std::int64_t r = 0; r < R; ++r) {
    const at::Tensor decay_rate = of_direction(to_double(A), r);
    const at::Tensor skip = of_direction(to_double(D_skip), r);
    const at::Tensor step =
        exact_softplus(to_double(delta[r]) + of_direction(to_double(delta_bias), r)) * live;
    const auto us = to_double(u[r]).unbind(1);
    const auto steps = step.unsqueeze(-1).unbind(1);         // L × [B, E, 1]
    const auto Bs = to_double(B[r]).unsqueeze(2).unbind(1);  // L × [B, 1, N]
    const auto Cs = to_double(C[r]).unsqueeze(2).unbind(1);
    std::vector<at::Tensor> outputs(L);
    at::Tensor h = torch::zeros({clips, E, N}, at::kDouble);
    for (std::int64_t i = 0; i < L; ++i) {
      const std::int64_t t = r == 0 ? i : L - 1 - i;
      h = torch::exp(steps[t] * decay_rate) * h + steps[t] * Bs[t] * us[t].unsqueeze(-1);
      outputs[t] = (h * Cs[t]).sum(-1) + skip * us[t];
    }
    at::Tensor y = torch::stack(outputs, 1);
    if (z) {
      const at::Tensor gate = of_direction(to_double(*z), r);
      y = y * gate * torch::sigmoid(gate);
    }
    directions.push_back(y);
  }
  return torch::stack(directions);
}

}  // namespace omniq::reference
