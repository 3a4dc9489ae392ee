#include "kernels/residual_layer_norm/residual_layer_norm.h"

#include "kernels/common/cuda_tensors.h"
#include "kernels/common/norm_epsilon.h"
#include "kernels/common/operator.h"
#include "kernels/residual_layer_norm/residual_layer_norm_cuda.h"

namespace omniq::kernels {
namespace {

using detail::data_of;

void check(const at::Tensor& x, const at::Tensor& delta, const at::Tensor& weight,
           const at::Tensor& bias) {
  TORCH_CHECK(x.defined() && x.dim() >= 1, "residual_layer_norm: x must have at least one axis");
  TORCH_CHECK(!delta.defined() || delta.sizes() == x.sizes(), "residual_layer_norm: x has shape ",
              x.sizes(), " and delta another");
  for (const at::Tensor* t : {&weight, &bias}) {
    TORCH_CHECK(t->defined() && t->dim() == 1 && t->size(0) == x.size(-1),
                "residual_layer_norm: weight and bias must have shape [", x.size(-1), "]");
    detail::check_device("residual_layer_norm", "weight or bias", *t, x);
  }
  if (delta.defined()) detail::check_device("residual_layer_norm", "delta", delta, x);
  detail::check_no_gradient("residual_layer_norm", {x, delta, weight, bias});
}

bool has_kernel(const at::Tensor& x, const at::Tensor& delta) {
  const auto type = x.scalar_type();
  return x.is_cuda() && detail::is_device_type(type) &&
         (!delta.defined() || delta.scalar_type() == type) && x.size(-1) % 4 == 0 &&
         x.size(-1) <= detail::kMostResidualLayerNormChannels && x.numel() > 0;
}

SumAndNorm run(const at::Tensor& raw_x, const at::Tensor& raw_delta, const at::Tensor& weight,
               const at::Tensor& bias) {
  const auto rows_of = [](const at::Tensor& x) {
    return detail::with_aligned_rows(x.contiguous().view({-1, x.size(-1)}));
  };
  const at::Tensor x = rows_of(raw_x), of_weight = detail::contiguous_floats(weight),
                   of_bias = detail::contiguous_floats(bias);
  const at::Tensor delta = raw_delta.defined() ? rows_of(raw_delta) : raw_delta;
  const at::Tensor norm = at::empty(raw_x.sizes(), raw_x.options());
  const at::Tensor sum = delta.defined() ? at::empty(raw_x.sizes(), raw_x.options()) : raw_x;
  detail::launch_kernel(x, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const detail::CudaResidualLayerNormArguments<T> args{
        x.size(0),
        x.size(1),
        data_of<const T>(x),
        data_of<const T>(delta),
        data_of<const float>(of_weight),
        data_of<const float>(of_bias),
        delta.defined() ? data_of<T>(sum) : nullptr,
        data_of<T>(norm)};
    return detail::residual_layer_norm<T>(args, stream);
  });
  return {sum, norm};
}

}  // namespace

SumAndNorm residual_layer_norm(const at::Tensor& x, const std::optional<at::Tensor>& delta,
                               const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor delta_or_none = delta.value_or(at::Tensor());
  check(x, delta_or_none, weight, bias);
  if (has_kernel(x, delta_or_none)) return run(x, delta_or_none, weight, bias);
  const at::Tensor sum = delta_or_none.defined() ? x + delta_or_none : x;
  const auto type = sum.scalar_type();
  return {sum, at::layer_norm(sum, {sum.size(-1)}, weight.to(type), bias.to(type),
                              detail::kNormEpsilon)};
}

}  // namespace omniq::kernels
