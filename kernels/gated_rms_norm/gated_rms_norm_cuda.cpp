#include "kernels/gated_rms_norm/gated_rms_norm_cuda.h"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>

#include <algorithm>

#include "kernels/column_sums/column_sums.h"
#include "kernels/common/cuda_tensors.h"
#include "kernels/gated_rms_norm/gated_rms_norm_impl.h"

namespace omniq::kernels::detail {
namespace {

struct NormInputs {
  at::Tensor y, z, weight;  // [1, B, L, C] of one dtype with aligned rows; float32
};

NormInputs prepare(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  const at::ScalarType type = common_device_type({y, z});
  return {with_aligned_rows(y.to(type).unsqueeze(0)), with_aligned_rows(z.to(type).unsqueeze(0)),
          contiguous_floats(weight)};
}

template <typename T>
CudaGatedNormArguments<T> arguments_of(const NormInputs& in) {
  return {in.y.size(1),
          in.y.size(2),
          in.y.size(3),
          device_rows_of<const T>(in.y),
          device_rows_of<const T>(in.z),
          in.weight.const_data_ptr<float>()};
}

at::Tensor like(const at::Tensor& x) { return at::empty(x.sizes(), x.options()); }

}  // namespace

bool has_gated_norm_kernels(const at::Tensor& y) {
  const auto type = y.scalar_type();
  return (type == at::kFloat || type == at::kHalf || type == at::kBFloat16) && y.size(2) % 4 == 0 &&
         y.size(2) <= kMostGatedNormChannels && y.numel() > 0;
}

at::Tensor gated_rms_norm_cuda(const at::Tensor& y, const at::Tensor& z, const at::Tensor& weight) {
  const c10::cuda::CUDAGuard guard(y.device());
  const NormInputs in = prepare(y, z, weight);
  const at::Tensor out = like(in.y);
  dispatch_device_type(in.y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    C10_CUDA_CHECK(gated_norm_forward<T>(arguments_of<T>(in), device_rows_of<T>(out),
                                         at::cuda::getCurrentCUDAStream()));
  });
  return out.squeeze(0).to(y.scalar_type());
}

std::array<at::Tensor, 3> gated_rms_norm_cuda_backward(const at::Tensor& y, const at::Tensor& z,
                                                       const at::Tensor& weight,
                                                       const at::Tensor& raw_grad_out) {
  const c10::cuda::CUDAGuard guard(y.device());
  const NormInputs in = prepare(y, z, weight);
  const at::Tensor grad_out = with_aligned_rows(raw_grad_out.to(in.y.scalar_type()).unsqueeze(0));
  const at::Tensor grad_y = like(in.y), grad_z = like(in.z);
  const std::int64_t rows = y.size(0) * y.size(1);
  const std::int64_t shares =
      std::min<std::int64_t>(rows, 4 * at::cuda::getCurrentDeviceProperties()->multiProcessorCount);
  const at::Tensor of_weight = at::empty({shares, y.size(2)}, in.weight.options());
  dispatch_device_type(in.y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    CudaGatedNormGradients<T> grads{};
    grads.out = device_rows_of<const T>(grad_out);
    grads.y = device_rows_of<T>(grad_y);
    grads.z = device_rows_of<T>(grad_z);
    grads.shares = shares;
    grads.weight = of_weight.mutable_data_ptr<float>();
    C10_CUDA_CHECK(
        gated_norm_backward<T>(arguments_of<T>(in), grads, at::cuda::getCurrentCUDAStream()));
  });
  return {grad_y.squeeze(0).to(y.scalar_type()), grad_z.squeeze(0).to(z.scalar_type()),
          column_sums(of_weight).to(weight.scalar_type())};
}

}  // namespace omniq::kernels::detail
