// Brings tensors into the form that the CUDA kernels want.
#include "kernels/causal_conv1d/cuda/launch.h"

#include "kernels/causal_conv1d/impl.h"
#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"

namespace omniq::kernels::detail {
namespace {

constexpr std::int64_t kVector = 4;

bool takes_vectors(const at::Tensor& x) {
  bool aligned = reinterpret_cast<std::uintptr_t>(x.data_ptr()) % (kVector * x.element_size()) == 0;
  for (const int axis : {0, 1, 2}) {
    aligned = aligned && (x.size(axis) == 1 || x.stride(axis) % kVector == 0);
  }
  return aligned && x.size(3) % kVector == 0;
}

template <typename T>
CudaConvArguments<T> arguments_of(const ConvInputs& in, std::int64_t directions,
                                  std::int64_t ahead) {
  auto args = in.arguments<T, float>(directions);
  args.ahead = ahead;
  args.vectors = takes_vectors(in.x);
  return args;
}

}  // namespace

bool has_cuda_kernels(const at::Tensor& x, const at::Tensor& weight) {
  return is_device_type(x.scalar_type()) && has_cuda_conv(weight.size(2)) && x.numel() > 0;
}

at::Tensor causal_conv1d_cuda(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              std::int64_t directions, const at::Tensor& mask, std::int64_t ahead) {
  const ConvInputs in(x, weight, bias, mask, at::kFloat);
  const at::Tensor out = at::empty({directions, x.size(1), x.size(2), x.size(3)}, x.options());
  launch_kernel(x, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    return conv_forward<T>(arguments_of<T>(in, directions, ahead), rows_of<T>(out), stream);
  });
  return out;
}

std::array<at::Tensor, 3> causal_conv1d_cuda_backward(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mask,
    const at::Tensor& raw_grad_out, const std::array<bool, 3>& needed, std::int64_t ahead) {
  const ConvInputs in(x, weight, bias, mask, at::kFloat);
  const at::Tensor grad_out = with_contiguous_rows(raw_grad_out.to(x.scalar_type()));
  const std::int64_t R = grad_out.size(0), E = x.size(3), W = weight.size(2);
  at::Tensor grad_x;
  if (needed[0]) grad_x = at::empty(x.sizes(), x.options());
  const at::Tensor slices =
      empty_floats({conv_backward_slices(x.size(1), x.size(2)), R, W + 1, E}, x);
  launch_kernel(x, [&](auto zero, cudaStream_t stream) {
    using T = decltype(zero);
    const CudaConvGradients<T> grads{rows_of<const T>(grad_out), rows_of<T>(grad_x),
                                     data_of<float>(slices)};
    return conv_backward<T>(arguments_of<T>(in, R, ahead), grads, stream);
  });
  std::array<at::Tensor, 3> result{grad_x, {}, {}};
  if (!needed[1] && !needed[2]) return result;
  const at::Tensor sums = column_sums(slices.flatten(1)).view({R, W + 1, E});
  const auto of_sets = [](const at::Tensor& sum, const at::Tensor& like) {
    const at::Tensor total = like.size(0) == 1 ? sum.sum(at::IntArrayRef{0}, true) : sum;
    return total.to(like.scalar_type());
  };
  if (needed[1]) result[1] = of_sets(sums.narrow(1, 0, W).transpose(1, 2), weight).contiguous();
  if (needed[2]) result[2] = of_sets(sums.select(1, W), bias);
  return result;
}

}  // namespace omniq::kernels::detail
