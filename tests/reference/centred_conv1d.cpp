#include "tests/reference/centred_conv1d.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& mask) {
  const auto clips = x.size(0), L = x.size(1), W = weight.size(1);
  const auto inputs = (to_double(x) * live_tokens(mask, clips, L)).unbind(1);
  const auto taps = to_double(weight).unbind(1);
  std::vector<at::Tensor> outputs;
  for (std::int64_t t = 0; t < L; ++t) {
    at::Tensor sum = to_double(bias).expand({clips, -1});
    for (std::int64_t k = 0; k < W; ++k) {
      const std::int64_t source = t - W / 2 + k;
      if (source >= 0 && source < L) sum = sum + taps[k] * inputs[source];
    }
    outputs.push_back(sum * torch::sigmoid(sum));
  }
  return torch::stack(outputs, 1);
}

}  // namespace omniq::reference
