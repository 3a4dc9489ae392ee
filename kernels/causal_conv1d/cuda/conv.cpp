// Brings tensors into the form that the CUDA kernels want.
#include "kernels/causal_conv1d/cuda/launch.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include "kernels/causal_conv1d/impl.h"
#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"

namespace omniq::kernels::detail {
namespace {

constexpr std::int64_t kVector = 4;

struct CudaConvInputs {
  at::Tensor x, weight, bias, mask;  // weight [P, W, E], and bias, float32
};

CudaConvInputs prepare_for_cuda(const at::Tensor& x, const at::Tensor& weight,
                                const at::Tensor& bias, const at::Tensor& mask) {
  return {with_contiguous_rows(x), weight.to(at::kFloat).transpose(1, 2).contiguous(),
          contiguous_floats(bias), mask.defined() ? mask.contiguous() : mask};
}

bool takes_vectors(const at::Tensor& x) {
  bool aligned = reinterpret_cast<std::uintptr_t>(x.data_ptr()) % (kVector * x.element_size()) == 0;
  for (const int axis : {0, 1, 2}) {
    aligned = aligned && (x.size(axis) == 1 || x.stride(axis) % kVector == 0);
  }
  return aligned && x.size(3) % kVector == 0;
}

template <typename T>
CudaConvArguments<T> arguments_of(const CudaConvInputs& in, std::int64_t directions,
                                  std::int64_t ahead) {
  CudaConvArguments<T> args{};
  args.directions = directions;
  args.clips = in.x.size(1);
  args.tokens = in.x.size(2);
  args.channels = in.x.size(3);
  args.width = in.weight.size(1);
  args.ahead = ahead;
  args.x = device_rows_of<const T>(in.x);
  args.weight = in.weight.const_data_ptr<float>();
  args.bias = in.bias.const_data_ptr<float>();
  args.weight_direction = direction_stride(in.weight);
  args.bias_direction = direction_stride(in.bias);
  args.mask = in.mask.defined() ? in.mask.const_data_ptr<bool>() : nullptr;
  args.vectors = takes_vectors(in.x);
  return args;
}

}  // namespace

bool has_cuda_kernels(const at::Tensor& x, const at::Tensor& weight) {
  const auto type = x.scalar_type();
  return (type == at::kFloat || type == at::kHalf || type == at::kBFloat16) &&
         has_cuda_conv(weight.size(2)) && x.numel() > 0;
}

at::Tensor causal_conv1d_cuda(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                              std::int64_t directions, const at::Tensor& mask, std::int64_t ahead) {
  const c10::cuda::CUDAGuard guard(x.device());
  const CudaConvInputs in = prepare_for_cuda(x, weight, bias, mask);
  const at::Tensor out = at::empty({directions, x.size(1), x.size(2), x.size(3)}, x.options());
  dispatch_device_type(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    C10_CUDA_CHECK(conv_forward<T>(arguments_of<T>(in, directions, ahead), device_rows_of<T>(out),
                                   at::cuda::getCurrentCUDAStream()));
  });
  return out;
}

std::array<at::Tensor, 3> causal_conv1d_cuda_backward(
    const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mask,
    const at::Tensor& raw_grad_out, const std::array<bool, 3>& needed, std::int64_t ahead) {
  const c10::cuda::CUDAGuard guard(x.device());
  const CudaConvInputs in = prepare_for_cuda(x, weight, bias, mask);
  const at::Tensor grad_out = with_contiguous_rows(raw_grad_out.to(x.scalar_type()));
  const std::int64_t R = grad_out.size(0), E = x.size(3), W = weight.size(2);
  at::Tensor grad_x;
  if (needed[0]) grad_x = at::empty(x.sizes(), x.options());
  const at::Tensor slices = at::empty({conv_backward_slices(x.size(1), x.size(2)), R, W + 1, E},
                                      x.options().dtype(at::kFloat));
  dispatch_device_type(x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    CudaConvGradients<T> grads{};
    grads.out = device_rows_of<const T>(grad_out);
    grads.x = device_rows_of<T>(grad_x);
    grads.slices = slices.mutable_data_ptr<float>();
    C10_CUDA_CHECK(
        conv_backward<T>(arguments_of<T>(in, R, ahead), grads, at::cuda::getCurrentCUDAStream()));
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
