#include "tests/reference/causal_conv1d.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& mask) {
  const at::Tensor live = live_tokens(mask, x.size(1), x.size(2));
  std::vector<at::Tensor> result;
  for (std::int64_t r = 0; r < directions; ++r) {
    const auto in_order = [r](const at::Tensor& t) { return r == 0 ? t : t.flip(1); };
    const at::Tensor sum = convolution(in_order(of_direction(to_double(x), r) * live),
                                       of_direction(to_double(weight), r),
                                       of_direction(to_double(bias), r), weight.size(2) - 1);
    result.push_back(in_order(sum * torch::sigmoid(sum)));
  }
  return torch::stack(result);
}

}  // namespace omniq::reference
