#include "tests/reference/selective_scan.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor selective_scan(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                          const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                          const at::Tensor& delta_bias, const std::optional<at::Tensor>& z,
                          const std::optional<at::Tensor>& mask) {
  const auto R = u.size(0), clips = u.size(1), L = u.size(2);
  const at::Tensor live = live_tokens(mask, clips, L);
  std::vector<at::Tensor> directions;
  for (std::int64_t r = 0; r < R; ++r) {
    const auto in_order = [r](const at::Tensor& x) { return r == 0 ? x : x.flip(1); };
    const at::Tensor input = to_double(u[r]);  // [B, L, E]
    const at::Tensor step =
        exact_softplus(to_double(delta[r]) + of_direction(to_double(delta_bias), r)) * live;
    const at::Tensor decay =
        torch::exp(step.unsqueeze(-1) * of_direction(to_double(A), r));  // [B, L, E, N]
    const at::Tensor drive = (step * input).unsqueeze(-1) * to_double(B[r]).unsqueeze(2);
    const at::Tensor read = to_double(C[r]).unsqueeze(2);
    at::Tensor y = in_order(scan(in_order(decay), in_order(drive), in_order(read))) +
                   of_direction(to_double(D_skip), r) * input;
    if (z) {
      const at::Tensor gate = of_direction(to_double(*z), r);
      y = y * gate * torch::sigmoid(gate);
    }
    directions.push_back(y);
  }
  return torch::stack(directions);
}

}  // namespace omniq::reference
