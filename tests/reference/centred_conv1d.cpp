#include "tests/reference/centred_conv1d.h"

#include "tests/reference/elementary.h"

namespace omniq::reference {

at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& mask) {
  const at::Tensor inputs = to_double(x) * live_tokens(mask, x.size(0), x.size(1));
  const at::Tensor sum =
      convolution(inputs, to_double(weight), to_double(bias), weight.size(1) / 2);
  return sum * torch::sigmoid(sum);
}

}  // namespace omniq::reference
