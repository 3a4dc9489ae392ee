#include "kernels/causal_conv1d/impl.h"
#include "kernels/common/operator.h"

namespace omniq::kernels::detail {

at::Tensor causal_conv1d_composite(const at::Tensor& x, const at::Tensor& weight,
                                   const at::Tensor& bias, std::int64_t directions,
                                   const at::Tensor& mask) {
  const WithoutAutocast no_autocast;
  const auto type = exact_type(x);
  const std::int64_t width = weight.size(2);
  const std::int64_t tokens = x.size(2);
  at::Tensor input = x.to(type);
  if (mask.defined()) input = input.masked_fill(mask.logical_not().unsqueeze(-1), 0);
  // One sum of shifted inputs for both directions: zeros on both sides, so that every tap stays
  // inside.
  input = at::constant_pad_nd(input, {0, 0, width - 1, width - 1});
  const at::Tensor taps = weight.to(type).permute({2, 0, 1});  // [W, P, E]
  const auto of_direction = [](const at::Tensor& shared, std::int64_t r) {
    return shared.select(0, shared.size(0) == 1 ? 0 : r);
  };
  std::vector<at::Tensor> outputs;
  for (std::int64_t r = 0; r < directions; ++r) {
    const at::Tensor source = of_direction(input, r);  // [B, L + 2 (W − 1), E]
    at::Tensor sum = of_direction(bias.to(type), r);
    for (std::int64_t k = 0; k < width; ++k) {
      const std::int64_t start = r == 0 ? k : 2 * (width - 1) - k;
      sum = at::addcmul(sum, source.narrow(1, start, tokens), of_direction(taps.select(0, k), r));
    }
    outputs.push_back(at::silu(sum));
  }
  return at::stack(outputs).to(x.scalar_type());
}

}  // namespace omniq::kernels::detail
