#include "tests/reference/bidirectional_ssd.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor bidirectional_ssd(const at::Tensor& u, const at::Tensor& delta, const at::Tensor& A,
                             const at::Tensor& B, const at::Tensor& C, const at::Tensor& D_skip,
                             const at::Tensor& delta_bias, const std::optional<at::Tensor>& mask) {
  const auto clips = u.size(0), L = u.size(1), H = u.size(2), N = B.size(2);
  const at::Tensor input = to_double(u);  // [B, L, H, P]
  const at::Tensor step =
      (exact_softplus(to_double(delta) + to_double(delta_bias)) * live_tokens(mask, clips, L))
          .reshape({clips, L, H, 1, 1});
  const at::Tensor decay = torch::exp(step * to_double(A).reshape({H, 1, 1}));
  const at::Tensor drive =
      step * input.unsqueeze(-1) * to_double(B).reshape({clips, L, 1, 1, N});  // [B, L, H, P, N]
  const at::Tensor read = to_double(C).reshape({clips, L, 1, 1, N});
  const at::Tensor there = scan(decay, drive, read);
  const at::Tensor back = scan(decay.flip(1), drive.flip(1), read.flip(1)).flip(1);
  return 0.5 * (there + back) + to_double(D_skip).unsqueeze(-1) * input;
}

}  // namespace omniq::reference
