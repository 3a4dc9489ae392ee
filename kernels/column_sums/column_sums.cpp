#include "kernels/column_sums/column_sums.h"

#include "kernels/column_sums/column_sums_cuda.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/operator.h"

namespace omniq::kernels {
namespace {

// x [rows, columns] → [slices, columns]
at::Tensor slice_sums(const at::Tensor& raw) {
  const at::Tensor x = detail::with_aligned_start(raw);
  const std::int64_t rows = x.size(0), columns = x.size(1);
  const at::Tensor out =
      detail::empty_floats({detail::column_sum_slices(rows, columns), columns}, x);
  detail::launch_kernel(x, [&](auto zero, cudaStream_t stream) {
    return detail::launch_column_sums(detail::data_of<const decltype(zero)>(x), rows, columns,
                                      detail::data_of<float>(out), stream);
  });
  return out;
}

// A layer's output as it is; its bias, which is part of it already, for the gradient.
struct BiasGradient : torch::autograd::Function<BiasGradient> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& bias) {
    context->saved_data["dtype"] = bias.scalar_type();
    return y;
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor& g = gradients[0];
    const auto dtype = context->saved_data["dtype"].toScalarType();
    if (at::GradMode::is_enabled()) {  // in a graph of its own: the sum must be one that has one
      return {g, g.flatten(0, -2).sum(0).to(dtype)};
    }
    return {g, column_sums(g).to(dtype)};
  }
};

}  // namespace

at::Tensor column_sums(const at::Tensor& x) {
  TORCH_CHECK(x.dim() >= 1 && at::isFloatingType(x.scalar_type()),
              "column_sums: x must be floating [..., C], got ", x.scalar_type(), " ", x.sizes());
  const at::NoGradGuard no_grad;
  const at::Tensor rows = x.dim() == 1 ? x.unsqueeze(0) : x.flatten(0, -2);
  const auto type = x.scalar_type();
  const bool has_kernel = x.is_cuda() && x.numel() > 0 && detail::is_device_type(type);
  if (!has_kernel) return rows.sum(0, /*keepdim=*/false, at::promote_types(type, at::kFloat));
  at::Tensor sums = slice_sums(rows);
  while (sums.size(0) > 1) sums = slice_sums(sums);
  return sums[0];
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!x.is_cuda() || !detail::wants_gradient(bias)) return at::linear(x, weight, bias);
  return BiasGradient::apply(at::linear(x, weight, bias.detach()), bias);
}

}  // namespace omniq::kernels
