#include "tests/reference/causal_conv1d.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor causal_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                         std::int64_t directions, const std::optional<at::Tensor>& mask) {
  const auto clips = x.size(1), L = x.size(2), W = weight.size(2);
  const at::Tensor live = live_tokens(mask, clips, L);
  std::vector<at::Tensor> result;
  for (std::int64_t r = 0; r < directions; ++r) {
    const auto inputs = (of_direction(to_double(x), r) * live).unbind(1);
    const auto taps = of_direction(to_double(weight), r).unbind(1);
    const at::Tensor offset = of_direction(to_double(bias), r);
    std::vector<at::Tensor> outputs;
    for (std::int64_t t = 0; t < L; ++t) {
      at::Tensor sum = offset.expand({clips, -1});
      for (std::int64_t k = 0; k < W; ++k) {
        const std::int64_t source = r == 0 ? t - (W - 1) + k : t + (W - 1) - k;
        if (source >= 0 && source < L) sum = sum + taps[k] * inputs[source];
      }
      outputs.push_back(sum * torch::sigmoid(sum));
    }
    result.push_back(torch::stack(outputs, 1));
  }
  return torch::stack(result);
}

}  // namespace omniq::reference
