#include "kernels/token_norm/token_norm.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/merged_neighbours.h"
#include "kernels/common/norm_epsilon.h"
#include "kernels/token_norm/token_norm_cuda.h"

namespace omniq::kernels {
namespace {

// `merged`: how many tokens of x are normed together.
void check(const char* name, const at::Tensor& x, const TokenNorm& norm, std::int64_t axes,
           std::int64_t merged = 1) {
  TORCH_CHECK(axes == 0 ? x.dim() >= 1 : x.dim() == axes, name, ": x has shape ", x.sizes(),
              axes == 0 ? ", expected at least one axis" : ", expected another number of axes");
  const std::int64_t channels = x.size(-1);
  const auto check_one = [&](const char* what, const at::Tensor& t, std::int64_t length) {
    TORCH_CHECK(t.defined() && t.dim() == 1 && t.size(0) == length &&
                    (t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble),
                name, ": ", what, " must be float32 or float64 of shape [", length, "]");
    TORCH_CHECK(t.device() == x.device(), name, ": x is on ", x.device(), " but ", what, " on ",
                t.device());
  };
  check_one("weight", norm.weight, merged * channels);
  check_one("bias", norm.bias, merged * channels);
  if (norm.offset.defined()) check_one("offset", norm.offset, channels);
  bool differentiable = false;
  for (const at::Tensor& t : {x, norm.weight, norm.bias, norm.offset}) {
    differentiable = differentiable || (t.defined() && t.requires_grad());
  }
  TORCH_CHECK(!at::GradMode::is_enabled() || !differentiable, name,
              ": there are no gradients; compute without them");
}

bool has_kernel(const at::Tensor& x, std::int64_t normed_channels, std::int64_t most) {
  return detail::has_half_rows(x) && normed_channels <= most;
}

// Calls f(arguments, stream, zero of the kernel's type) with what a kernel needs, and checks its
// launch.
template <typename F>
void launch(const at::Tensor& raw_x, const TokenNorm& norm, const F& f) {
  const at::Tensor x = detail::with_aligned_start(raw_x.contiguous());
  const at::Tensor weight = detail::contiguous_floats(norm.weight);
  const at::Tensor bias = detail::contiguous_floats(norm.bias);
  const at::Tensor offset = detail::contiguous_floats(norm.offset);
  detail::dispatch_half_type(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const detail::CudaTokenNormArguments<T> args{
        static_cast<const T*>(x.const_data_ptr()), weight.const_data_ptr<float>(),
        bias.const_data_ptr<float>(), offset.defined() ? offset.const_data_ptr<float>() : nullptr,
        static_cast<int>(x.size(-1))};
    C10_CUDA_CHECK(f(args, at::cuda::getCurrentCUDAStream(), zero));
  });
}

// By torch operators: x in the dtype of the statistics, with the offset.
at::Tensor with_offset(const at::Tensor& x, const TokenNorm& norm) {
  const at::Tensor y = x.to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  return norm.offset.defined() ? y + norm.offset.to(y.scalar_type()) : y;
}

at::Tensor normed(const at::Tensor& y, const TokenNorm& norm) {
  const auto type = y.scalar_type();
  return at::layer_norm(y, {y.size(-1)}, norm.weight.to(type), norm.bias.to(type),
                        detail::kNormEpsilon);
}

}  // namespace

NormedLayer with_norm(const TokenNorm& norm, const at::Tensor& weight, const at::Tensor& bias) {
  const auto exact = [](const at::Tensor& t) { return t.detach().to(at::kDouble); };
  return {exact(weight) * exact(norm.weight), exact(bias) + exact(weight).mv(exact(norm.bias))};
}

at::Tensor token_norm(const at::Tensor& x, const TokenNorm& norm) {
  check("token_norm", x, norm, 0);
  if (!has_kernel(x, x.size(-1), detail::kMostTokenNormChannels)) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return normed(with_offset(x, norm), norm).to(x.scalar_type());
  }
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor out = at::empty(x.sizes(), x.options());
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto zero) {
    return detail::token_norm(args, x.numel() / x.size(-1),
                              static_cast<decltype(zero)*>(out.mutable_data_ptr()), stream);
  });
  return out;
}

at::Tensor merged_token_norm(const at::Tensor& x, const TokenNorm& norm) {
  check("merged_token_norm", x, norm, 4, 4);
  const std::int64_t n = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  if (!has_kernel(x, 4 * channels, detail::kMostTokenNormChannels)) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return normed(detail::merged_neighbours(with_offset(x, norm)), norm).to(x.scalar_type());
  }
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor out =
      at::empty({n, (height + 1) / 2, (width + 1) / 2, 4 * channels}, x.options());
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto zero) {
    return detail::merged_token_norm(args, n, static_cast<int>(height), static_cast<int>(width),
                                     static_cast<decltype(zero)*>(out.mutable_data_ptr()), stream);
  });
  return out;
}

at::Tensor mean_token_norm(const at::Tensor& x, const TokenNorm& norm) {
  check("mean_token_norm", x, norm, 3);
  TORCH_CHECK(x.size(1) > 0, "mean_token_norm: x has no tokens");
  if (!has_kernel(x, x.size(2), detail::kMostMeanTokenNormChannels)) {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return normed(with_offset(x, norm), norm).mean(1);
  }
  const c10::cuda::CUDAGuard guard(x.device());
  const at::Tensor out = at::empty({x.size(0), x.size(2)}, x.options().dtype(at::kFloat));
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto) {
    return detail::mean_token_norm(args, x.size(0), static_cast<int>(x.size(1)),
                                   out.mutable_data_ptr<float>(), stream);
  });
  return out;
}

}  // namespace omniq::kernels
