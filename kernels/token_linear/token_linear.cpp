#include "kernels/token_linear/token_linear.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/many_tokens.h"
#include "kernels/token_linear/token_linear_cuda.h"

namespace omniq::kernels {
namespace {

void check(const at::Tensor& x, const TokenLinear& linear) {
  TORCH_CHECK(linear.weight.defined(), "token_linear: linear must come from make_token_linear");
  TORCH_CHECK(x.dim() == 2 && x.size(1) == linear.weight.size(0), "token_linear: x has shape ",
              x.sizes(), ", expected [tokens, ", linear.weight.size(0), "]");
  TORCH_CHECK(x.scalar_type() == linear.weight.scalar_type(), "token_linear: x is ",
              x.scalar_type(), " and the weight ", linear.weight.scalar_type());
  TORCH_CHECK(x.device() == linear.weight.device(), "token_linear: x is on ", x.device(),
              " but the weight on ", linear.weight.device());
  TORCH_CHECK(!at::GradMode::is_enabled() || !x.requires_grad(),
              "token_linear: there are no gradients; compute without them");
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
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  if (!linear.normed_weight.defined() || !detail::has_many_tokens(x)) {
    return at::addmm(linear.bias, token_norm(x, linear.norm), linear.weight);
  }
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor tokens = detail::with_aligned_start(x.contiguous());
  const at::Tensor offset = detail::contiguous_floats(linear.norm.offset);
  const at::Tensor out = at::empty({x.size(0), linear.bias.size(0)}, x.options());
  const auto launch = [&](auto zero) {
    using T = decltype(zero);
    const detail::CudaTokenLinearArguments<T> args{
        x.size(0),
        static_cast<int>(x.size(1)),
        static_cast<int>(linear.bias.size(0)),
        static_cast<const T*>(tokens.const_data_ptr()),
        offset.defined() ? offset.const_data_ptr<float>() : nullptr,
        static_cast<const T*>(linear.normed_weight.const_data_ptr()),
        linear.normed_bias.const_data_ptr<float>(),
        static_cast<T*>(out.mutable_data_ptr())};
    C10_CUDA_CHECK(detail::token_linear<T>(args, at::cuda::getCurrentCUDAStream()));
  };
  detail::dispatch_half_type(x.scalar_type(), launch);
  return out;
}

}  // namespace omniq::kernels
