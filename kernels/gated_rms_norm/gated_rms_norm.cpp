#include "kernels/gated_rms_norm/gated_rms_norm.h"

#include <algorithm>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/common/norm_epsilon.h"
#include "kernels/common/operator.h"
#include "kernels/gated_rms_norm/gated_rms_norm_cuda.h"

namespace omniq::kernels {
namespace {

using detail::rows_of;

struct NormInputs {
  at::Tensor y, z, weight;  // [1, B, L, C] of one dtype with aligned rows; float32

  NormInputs(const at::Tensor& raw_y, const at::Tensor& raw_z, const at::Tensor& raw_weight)
      : weight(detail::contiguous_floats(raw_weight)) {
    const at::ScalarType type = detail::common_device_type({raw_y, raw_z});
    y = detail::with_aligned_rows(raw_y.to(type).unsqueeze(0));
    z = detail::with_aligned_rows(raw_z.to(type).unsqueeze(0));
  }

  template <typename T>
  detail::CudaGatedNormArguments<T> arguments() const {
    return {y.size(1),           y.size(2),           y.size(3),
            rows_of<const T>(y), rows_of<const T>(z), weight.const_data_ptr<float>()};
  }
};

at::Tensor run(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  const NormInputs in(y, z, weight);
  const at::Tensor out = detail::contiguous_like(in.y);
  detail::launch_kernel(in.y, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    return detail::gated_norm_forward<T>(in.arguments<T>(), rows_of<T>(out), stream);
  });
  return out.squeeze(0).to(y.scalar_type());
}

struct GatedRmsNorm : torch::autograd::Function<GatedRmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& z,
                            const at::Tensor& weight) {
    context->save_for_backward({y, z, weight});
    return run(y, z, weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad_outputs) {
    detail::check_first_derivative("gated_rms_norm");
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &y = saved[0], &z = saved[1], &weight = saved[2];
    const NormInputs in(y, z, weight);
    const at::Tensor grad_out =
        detail::with_aligned_rows(grad_outputs[0].to(in.y.scalar_type()).unsqueeze(0));
    const at::Tensor grad_y = detail::contiguous_like(in.y), grad_z = detail::contiguous_like(in.y);
    const std::int64_t shares = std::min<std::int64_t>(
        y.size(0) * y.size(1), 4 * detail::properties_of(y).multiProcessorCount);
    const at::Tensor of_weight = at::empty({shares, y.size(2)}, in.weight.options());
    detail::launch_kernel(in.y, [&](auto zero, cudaStream_t stream) {
      using T = decltype(zero);
      const detail::CudaGatedNormGradients<T> grads{rows_of<const T>(grad_out), rows_of<T>(grad_y),
                                                    rows_of<T>(grad_z), shares,
                                                    of_weight.mutable_data_ptr<float>()};
      return detail::gated_norm_backward<T>(in.arguments<T>(), grads, stream);
    });
    return {grad_y.squeeze(0).to(y.scalar_type()), grad_z.squeeze(0).to(z.scalar_type()),
            column_sums(of_weight).to(weight.scalar_type())};
  }
};

at::Tensor composite(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  const detail::WithoutAutocast no_autocast;
  const auto type = detail::exact_type(y);
  const at::Tensor gated = y.to(type) * at::silu(z.to(type));
  return at::rms_norm(gated, {weight.size(0)}, weight.to(type), detail::kNormEpsilon)
      .to(y.scalar_type());
}

}  // namespace

at::Tensor gated_rms_norm(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  TORCH_CHECK(y.defined() && z.defined() && weight.defined(),
              "gated_rms_norm: y, z and weight must be defined");
  TORCH_CHECK(y.dim() == 3 && z.sizes() == y.sizes(), "gated_rms_norm: y has shape ", y.sizes(),
              " and z ", z.sizes(), ", expected the same [clips, tokens, channels]");
  detail::check_shape("gated_rms_norm", "weight", weight, {y.size(2)});
  detail::check_device("gated_rms_norm", "z", z, y, "y");
  detail::check_device("gated_rms_norm", "weight", weight, y, "y");
  const bool has_kernels = y.is_cuda() && detail::is_device_type(y.scalar_type()) &&
                           y.size(2) % 4 == 0 && y.size(2) <= detail::kMostGatedNormChannels &&
                           y.numel() > 0;
  if (!has_kernels) return composite(y, z, weight);
  if (!detail::wants_gradient({y, z, weight})) return run(y, z, weight);
  return GatedRmsNorm::apply(y, z, weight);
}

}  // namespace omniq::kernels
