#include "kernels/token_mlp/token_mlp.h"

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"
#include "kernels/token_mlp/token_mlp_cuda.h"

namespace omniq::kernels {
namespace {

void check(const at::Tensor& x, const TokenMlp& mlp) {
  TORCH_CHECK(mlp.expand.defined() && mlp.shrink.defined(),
              "token_mlp_: mlp must come from make_token_mlp");
  TORCH_CHECK(x.dim() == 2 && x.size(1) == mlp.expand.size(0) && x.is_contiguous(),
              "token_mlp_: x has shape ", x.sizes(), ", expected contiguous [tokens, ",
              mlp.expand.size(0), "]");
  detail::check_dtype("token_mlp_", "the weights", mlp.expand, x);
  detail::check_device("token_mlp_", "the weights", mlp.expand, x);
  detail::check_no_gradient("token_mlp_", x);
}

void composite(at::Tensor x, const TokenMlp& mlp) {
  const at::Tensor normed = token_norm(x, mlp.norm);
  // cuBLASLt adds the bias and applies GELU, in its tanh form, while it writes the product.
  const at::Tensor active =
      x.is_cuda() && detail::is_half(x.scalar_type())
          ? at::_addmm_activation(mlp.expand_bias, normed, mlp.expand, 1, 1, /*use_gelu=*/true)
          : at::gelu(at::addmm(mlp.expand_bias, normed, mlp.expand));
  x.addmm_(active, mlp.shrink);
}

// GPUs differ in how much shared memory a block can have.
bool fits(const at::Tensor& x) {
  return detail::token_mlp_shared_bytes(static_cast<int>(x.size(1))) <=
         detail::properties_of(x).sharedMemPerBlockOptin;
}

}  // namespace

TokenMlp make_token_mlp(const TokenNorm& norm, const at::Tensor& expand_weight,
                        const at::Tensor& expand_bias, const at::Tensor& shrink_weight,
                        at::ScalarType dtype) {
  TORCH_CHECK(expand_weight.dim() == 2 && shrink_weight.dim() == 2 &&
                  expand_weight.size(0) == shrink_weight.size(1) &&
                  expand_weight.size(1) == shrink_weight.size(0) && expand_bias.dim() == 1 &&
                  expand_bias.size(0) == expand_weight.size(0),
              "make_token_mlp: weights have shapes ", expand_weight.sizes(), " and ",
              shrink_weight.sizes(), " and the bias ", expand_bias.sizes(),
              ", expected [hidden, channels], [channels, hidden] and [hidden]");
  const auto copy = [&](const at::Tensor& t) {
    return t.detach().to(dtype, /*non_blocking=*/false, /*copy=*/true).contiguous();
  };
  TokenMlp mlp{norm, copy(expand_weight).t(), copy(expand_bias), copy(shrink_weight).t(), {}, {}};
  if (expand_weight.is_cuda() && detail::is_half(dtype) &&
      detail::has_token_mlp_kernel(expand_weight.size(1), expand_weight.size(0))) {
    const NormedLayer normed = with_norm(norm, expand_weight, expand_bias);
    mlp.normed_expand = copy(normed.weight);
    mlp.normed_bias = normed.bias.to(at::kFloat);
  }
  return mlp;
}

void token_mlp_(at::Tensor x, const TokenMlp& mlp) {
  check(x, mlp);
  const detail::WithoutAutocast no_autocast;
  if (!mlp.normed_expand.defined() || x.numel() == 0 || !detail::has_aligned_start(x) ||
      !detail::has_many_tokens(x) || !fits(x)) {
    return composite(x, mlp);
  }
  const at::Tensor offset = detail::contiguous_floats(mlp.norm.offset);
  detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const detail::CudaTokenMlpArguments<T> args{x.size(0),
                                                static_cast<int>(x.size(1)),
                                                detail::data_of<T>(x),
                                                detail::data_of<const float>(offset),
                                                detail::data_of<const T>(mlp.normed_expand),
                                                detail::data_of<const float>(mlp.normed_bias),
                                                detail::data_of<const T>(mlp.shrink)};
    return detail::token_mlp<T>(args, stream);
  });
}

}  // namespace omniq::kernels
