#include "kernels/token_linear/token_linear.h"

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/token_linear/token_linear_cuda.h"

namespace omniq::kernels {
namespace {

void check(const at::Tensor& x, const TokenLinear& linear) {
  TORCH_CHECK(linear.weight.defined(), "token_linear: linear must come from make_token_linear");
  TORCH_CHECK(x.dim() == 2 && x.size(1) == linear.weight.size(0), "token_linear: x has shape ",
              x.sizes(), ", expected [tokens, ", linear.weight.size(0), "]");
  detail::check_dtype("token_linear", "the weight", linear.weight, x);
  detail::check_device("token_linear", "the weight", linear.weight, x);
  detail::check_no_gradient("token_linear", x);
}

}  // namespace

TokenLinear make_token_linear(const TokenNorm& norm, const at::Tensor& weight,
                              const at::Tensor& bias, at::ScalarType dtype) {
  TORCH_CHECK(weight.dim() == 2 && bias.dim() == 1 && bias.size(0) == weight.size(0),
              "make_token_linear: the weight has shape ", weight.sizes(), " and the bias ",
              bias.sizes(), ", expected [out, channels] and [out]");
  const auto copy = [&](const at::Tensor& t) {
    return t.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true).contiguous();
  };
  TokenLinear linear{norm, copy(weight).t(), copy(bias), {}, {}};
  if (weight.is_cuda() && detail::is_half(dtype) &&
      detail::has_token_linear_kernel(weight.size(1), weight.size(0))) {
    const NormedLayer normed = with_norm(norm, weight, bias);
    linear.normed_weight = copy(normed.weight);
    linear.normed_bias = normed.bias.to(at::kFloat);
  }
  return linear;
}

at::Tensor token_linear(const at::Tensor& x, const TokenLinear& linear) {
  check(x, linear);
  const detail::WithoutAutocast no_autocast;
  if (!linear.normed_weight.defined() || !detail::has_many_tokens(x)) {
    return at::addmm(linear.bias, token_norm(x, linear.norm), linear.weight);
  }
  const at::Tensor tokens = detail::with_aligned_start(x);
  const at::Tensor offset = detail::contiguous_floats(linear.norm.offset);
  const at::Tensor out = at::empty({x.size(0), linear.bias.size(0)}, x.options());
  detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const detail::CudaTokenLinearArguments<T> args{x.size(0),
                                                   static_cast<int>(x.size(1)),
                                                   static_cast<int>(linear.bias.size(0)),
                                                   detail::data_of<const T>(tokens),
                                                   detail::data_of<const float>(offset),
                                                   detail::data_of<const T>(linear.normed_weight),
                                                   detail::data_of<const float>(linear.normed_bias),
                                                   detail::data_of<T>(out)};
    return detail::token_linear<T>(args, stream);
  });
  return out;
}

}  // namespace omniq::kernels
