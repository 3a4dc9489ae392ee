#include "kernels/centred_conv1d/centred_conv1d.h"

#include "kernels/causal_conv1d/impl.h"
#include "kernels/common/operator.h"

namespace omniq::kernels {
namespace {

void check_inputs(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                  const at::Tensor& mask) {
  TORCH_CHECK(x.defined() && weight.defined() && bias.defined(),
              "centred_conv1d: x, weight and bias must be defined");
  TORCH_CHECK(x.dim() == 3 && x.size(1) >= 1 && x.size(2) >= 1, "centred_conv1d: x has shape ",
              x.sizes(),
              ", expected [clips, tokens, channels] with at least one token and channel");
  TORCH_CHECK(weight.dim() == 2 && weight.size(0) == x.size(2) && weight.size(1) % 2 == 1,
              "centred_conv1d: weight has shape ", weight.sizes(), ", expected [", x.size(2),
              ", taps] with an odd number of taps");
  detail::check_shape("centred_conv1d", "bias", bias, {x.size(2)});
  detail::check_device("centred_conv1d", "weight", weight, x);
  detail::check_device("centred_conv1d", "bias", bias, x);
  detail::check_mask("centred_conv1d", mask, x.sizes().slice(0, 2), x);
}

at::Tensor composite(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     const at::Tensor& mask) {
  const detail::WithoutAutocast no_autocast;
  const auto type = detail::exact_type(x);
  at::Tensor input = x.to(type);
  if (mask.defined()) input = input.masked_fill(mask.logical_not().unsqueeze(-1), 0);
  const at::Tensor sums =
      at::conv1d(input.transpose(1, 2), weight.to(type).unsqueeze(1), bias.to(type), /*stride=*/1,
                 /*padding=*/weight.size(1) / 2, /*dilation=*/1, /*groups=*/x.size(2));
  return at::silu(sums.transpose(1, 2)).to(x.scalar_type());
}

}  // namespace

at::Tensor centred_conv1d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::optional<at::Tensor>& optional_mask) {
  const at::Tensor mask = optional_mask.value_or(at::Tensor());
  check_inputs(x, weight, bias, mask);
  if (!x.is_cuda() || !detail::has_cuda_kernels(x, weight.unsqueeze(0))) {
    return composite(x, weight, bias, mask);
  }
  // The causal kernels look ahead by half a filter; one direction, one set of parameters.
  return detail::causal_conv1d_kernels(x.unsqueeze(0), weight.unsqueeze(0), bias.unsqueeze(0),
                                       /*directions=*/1, mask, weight.size(1) / 2)
      .squeeze(0);
}

}  // namespace omniq::kernels
