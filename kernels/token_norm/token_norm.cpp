#include "kernels/token_norm/token_norm.h"

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/merged_neighbours.h"
#include "kernels/common/norm_epsilon.h"
#include "kernels/common/operator.h"
#include "kernels/token_norm/token_norm_cuda.h"

namespace omniq::kernels {
namespace {

using detail::data_of;

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
    detail::check_device(name, what, t, x);
  };
  check_one("weight", norm.weight, merged * channels);
  check_one("bias", norm.bias, merged * channels);
  if (norm.offset.defined()) check_one("offset", norm.offset, channels);
  detail::check_no_gradient(name, {x, norm.weight, norm.bias, norm.offset});
}

bool has_kernel(const at::Tensor& x, std::int64_t normed_channels, std::int64_t most) {
  return detail::has_half_rows(x) && normed_channels <= most;
}

// Calls f(arguments, stream, zero of the kernel's type) with what a kernel needs.
template <typename F>
void launch(const at::Tensor& raw_x, const TokenNorm& norm, const F& f) {
  const at::Tensor x = detail::with_aligned_start(raw_x);
  const at::Tensor weight = detail::contiguous_floats(norm.weight);
  const at::Tensor bias = detail::contiguous_floats(norm.bias);
  const at::Tensor offset = detail::contiguous_floats(norm.offset);
  detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
    const detail::CudaTokenNormArguments<decltype(zero)> args{
        data_of<const decltype(zero)>(x), data_of<const float>(weight), data_of<const float>(bias),
        data_of<const float>(offset), static_cast<int>(x.size(-1))};
    return f(args, stream, zero);
  });
}

// By torch operators: x in the dtype of the statistics, with the offset.
at::Tensor with_offset(const at::Tensor& x, const TokenNorm& norm) {
  const at::Tensor y = x.to(detail::exact_type(x));
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
    const detail::WithoutAutocast no_autocast;
    return normed(with_offset(x, norm), norm).to(x.scalar_type());
  }
  const at::Tensor out = detail::contiguous_like(x);
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto zero) {
    return detail::token_norm(args, x.numel() / x.size(-1), data_of<decltype(zero)>(out), stream);
  });
  return out;
}

at::Tensor merged_token_norm(const at::Tensor& x, const TokenNorm& norm) {
  check("merged_token_norm", x, norm, 4, 4);
  const std::int64_t n = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  if (!has_kernel(x, 4 * channels, detail::kMostTokenNormChannels)) {
    const detail::WithoutAutocast no_autocast;
    return normed(detail::merged_neighbours(with_offset(x, norm)), norm).to(x.scalar_type());
  }
  const at::Tensor out =
      at::empty({n, (height + 1) / 2, (width + 1) / 2, 4 * channels}, x.options());
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto zero) {
    return detail::merged_token_norm(args, n, static_cast<int>(height), static_cast<int>(width),
                                     data_of<decltype(zero)>(out), stream);
  });
  return out;
}

at::Tensor mean_token_norm(const at::Tensor& x, const TokenNorm& norm) {
  check("mean_token_norm", x, norm, 3);
  TORCH_CHECK(x.size(1) > 0, "mean_token_norm: x has no tokens");
  if (!has_kernel(x, x.size(2), detail::kMostMeanTokenNormChannels)) {
    const detail::WithoutAutocast no_autocast;
    return normed(with_offset(x, norm), norm).mean(1);
  }
  const at::Tensor out = detail::empty_floats({x.size(0), x.size(2)}, x);
  launch(x, norm, [&](const auto& args, cudaStream_t stream, auto) {
    return detail::mean_token_norm(args, x.size(0), static_cast<int>(x.size(1)),
                                   data_of<float>(out), stream);
  });
  return out;
}

}  // namespace omniq::kernels
