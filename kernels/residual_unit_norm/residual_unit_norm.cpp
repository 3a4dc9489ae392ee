#include "kernels/residual_unit_norm/residual_unit_norm.h"

#include <algorithm>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/merged_neighbours.h"
#include "kernels/common/norm_epsilon.h"
#include "kernels/common/operator.h"
#include "kernels/residual_unit_norm/residual_unit_norm_cuda.h"

namespace omniq::kernels {
namespace {

using detail::data_of;
using detail::ResidualRows;

void check(const char* name, const at::Tensor& x, const Branch& branch, bool merged) {
  TORCH_CHECK((merged ? x.dim() == 4 : x.dim() >= 2) && x.is_floating_point(), name,
              ": x has shape ", x.sizes(), " and dtype ", x.scalar_type(),
              merged ? ", expected floating [n, H, W, C]" : ", expected floating [n, ..., C]");
  if (branch.value.defined()) detail::check_floating(name, "branch", branch.value, x.sizes(), x);
  if (branch.bias.defined()) {
    detail::check_floating(name, "bias", branch.bias, x.sizes().slice(x.dim() - 1), x);
  }
  detail::check_frame_factors(name, branch.keep, x);
  if (branch.value.defined()) detail::check_dtype(name, "branch", branch.value, x);
  TORCH_CHECK(branch.value.defined() || !branch.bias.defined(), name,
              ": a bias belongs to a branch");
}

ResidualRows shape_of(const at::Tensor& x, bool merged) {
  const std::int64_t n = x.size(0), channels = x.size(-1);
  const auto number = [](std::int64_t v) { return static_cast<int>(v); };
  if (merged) return {n, number(x.size(1)), number(x.size(2)), number(channels), true};
  return {n, number(x.numel() / std::max<std::int64_t>(1, n * channels)), 1, number(channels),
          false};
}

bool has_kernel(const at::Tensor& x, bool merged) {
  return detail::has_half_rows(x) &&
         (merged ? 4 : 1) * x.size(-1) <= detail::kMostResidualUnitNormChannels;
}

struct ResidualUnitNorm : torch::autograd::Function<ResidualUnitNorm> {
  // → sum and normed, or normed alone where four are merged.
  static variable_list forward(AutogradContext* context, const at::Tensor& raw_x,
                               const std::optional<at::Tensor>& raw_value,
                               const std::optional<at::Tensor>& raw_bias,
                               const std::optional<at::Tensor>& raw_keep, bool merged) {
    const ResidualRows shape = shape_of(raw_x, merged);
    const at::Tensor x = detail::with_aligned_start(raw_x);
    const at::Tensor value = detail::with_aligned_start(*raw_value);
    const at::Tensor bias = detail::contiguous_floats(*raw_bias);
    const at::Tensor keep = detail::contiguous_floats(*raw_keep);
    const bool adds = !merged && value.defined();
    const at::Tensor sum = adds ? detail::contiguous_like(x) : at::Tensor();
    std::vector<std::int64_t> sizes = x.sizes().vec();
    if (merged) {
      sizes = {x.size(0), (x.size(1) + 1) / 2, (x.size(2) + 1) / 2, 4 * x.size(3)};
    }
    const at::Tensor normed = at::empty(sizes, x.options());
    const at::Tensor scales = detail::empty_floats({normed.numel() / normed.size(-1)}, x);
    detail::launch_half_kernel(x, [&](auto zero, cudaStream_t stream) {
      using T = decltype(zero);
      const detail::CudaResidualUnitNormArguments<T> args{shape,
                                                          data_of<const T>(x),
                                                          data_of<const T>(value),
                                                          data_of<const float>(bias),
                                                          data_of<const float>(keep),
                                                          data_of<T>(sum),
                                                          data_of<T>(normed),
                                                          data_of<float>(scales)};
      return detail::residual_unit_norm(args, stream);
    });
    context->set_materialize_grads(false);
    context->save_for_backward({normed, scales, keep});
    context->saved_data["merged"] = merged;
    context->saved_data["sizes"] = x.sizes();
    context->saved_data["has_branch"] = value.defined();
    if (bias.defined()) context->saved_data["bias_dtype"] = raw_bias->scalar_type();
    if (merged) return {normed};
    return {adds ? sum : raw_x, normed};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    detail::check_first_derivative("residual_unit_norm");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &normed = saved[0], &scales = saved[1], &keep = saved[2];
    const bool merged = context->saved_data["merged"].toBool();
    const at::Tensor d_normed = detail::with_aligned_start(gradients.back());
    const at::Tensor d_sum = merged ? at::Tensor() : detail::with_aligned_start(gradients.front());
    const at::Tensor d_x = at::empty(context->saved_data["sizes"].toIntVector(), normed.options());
    const ResidualRows shape = shape_of(d_x, merged);
    at::Tensor d_bias;
    const bool has_bias = context->saved_data.count("bias_dtype") > 0;
    detail::launch_half_kernel(normed, [&](auto zero, cudaStream_t stream) {
      using T = decltype(zero);
      int parts = 0;
      C10_CUDA_CHECK(detail::residual_unit_norm_backward_parts<T>(shape, &parts));
      if (has_bias && context->needs_input_grad(2)) {
        d_bias = at::empty({parts, normed.size(-1)}, scales.options());
      }
      const detail::CudaResidualUnitNormBackwardArguments<T> args{shape,
                                                                  data_of<const T>(normed),
                                                                  data_of<const float>(scales),
                                                                  data_of<const float>(keep),
                                                                  data_of<const T>(d_normed),
                                                                  data_of<const T>(d_sum),
                                                                  data_of<T>(d_x),
                                                                  data_of<float>(d_bias),
                                                                  parts};
      return detail::residual_unit_norm_backward(args, stream);
    });
    if (d_bias.defined()) {
      d_bias = column_sums(d_bias.view({-1, d_x.size(-1)}))
                   .to(context->saved_data["bias_dtype"].toScalarType());
    }
    const bool has_branch = context->saved_data["has_branch"].toBool();
    return {d_x, has_branch ? d_x : at::Tensor(), d_bias, {}, {}};
  }
};

variable_list apply(const at::Tensor& x, const Branch& branch, bool merged) {
  return ResidualUnitNorm::apply(x, std::optional(branch.value), std::optional(branch.bias),
                                 std::optional(branch.keep), merged);
}

// By torch operators: the sum in the dtype of the statistics.
at::Tensor exact_sum(const at::Tensor& x, const Branch& branch) {
  const auto type = detail::exact_type(x);
  at::Tensor sum = x.to(type);
  if (branch.value.defined()) sum = sum + branch.value.to(type);
  if (!branch.bias.defined()) return sum;
  const at::Tensor bias = branch.bias.to(type);
  if (!branch.keep.defined()) return sum + bias;
  return sum + detail::as_factors_of(x, branch.keep.to(type)) * bias;
}

at::Tensor unit_norm(const at::Tensor& x) {
  return at::layer_norm(x, {x.size(-1)}, /*weight=*/{}, /*bias=*/{}, detail::kNormEpsilon);
}

}  // namespace

SumAndUnitNorm residual_unit_norm(const at::Tensor& x, const Branch& branch) {
  check("residual_unit_norm", x, branch, /*merged=*/false);
  const detail::WithoutAutocast no_autocast;
  if (has_kernel(x, /*merged=*/false)) {
    const variable_list out = apply(x, branch, /*merged=*/false);
    return {out[0], out[1]};
  }
  const at::Tensor sum = exact_sum(x, branch);
  return {branch.value.defined() ? sum.to(x.scalar_type()) : x, unit_norm(sum).to(x.scalar_type())};
}

at::Tensor merged_residual_unit_norm(const at::Tensor& x, const Branch& branch) {
  check("merged_residual_unit_norm", x, branch, /*merged=*/true);
  const detail::WithoutAutocast no_autocast;
  if (has_kernel(x, /*merged=*/true)) {
    return apply(x, branch, /*merged=*/true)[0];
  }
  return unit_norm(detail::merged_neighbours(exact_sum(x, branch))).to(x.scalar_type());
}

}  // namespace omniq::kernels
