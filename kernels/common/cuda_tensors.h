// How tensors become what the CUDA kernels take: dtypes, strides, alignment.
#pragma once

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <initializer_list>
#include <limits>

#include "kernels/common/tensor_rows.h"

namespace omniq::kernels::detail {

inline bool is_half(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }
inline bool is_device_type(at::ScalarType type) { return type == at::kFloat || is_half(type); }

/// Calls f with a value of the type that kernels use for `type`: float, __half or __nv_bfloat16.
template <typename F>
auto dispatch_device_type(at::ScalarType type, const F& f) {
  switch (type) {
    case at::kFloat:
      return f(float{});
    case at::kHalf:
      return f(__half{});
    case at::kBFloat16:
      return f(__nv_bfloat16{});
    default:
      TORCH_CHECK(false, "no CUDA kernel for ", type);
  }
}

/// Calls f(such a value, stream) for the dtype of x, on x's device and its current stream. Throws
/// c10::Error where f returns an error.
template <typename F>
void launch_kernel(const at::Tensor& x, const F& f) {
  const c10::cuda::CUDAGuard guard(x.device());
  dispatch_device_type(x.scalar_type(), [&](auto zero) {
    C10_CUDA_CHECK(f(zero, at::cuda::getCurrentCUDAStream().stream()));
  });
}
/// The same for kernels that take __half and __nv_bfloat16 alone.
template <typename F>
void launch_half_kernel(const at::Tensor& x, const F& f) {
  TORCH_CHECK(is_half(x.scalar_type()), "no CUDA kernel for ", x.scalar_type());
  const c10::cuda::CUDAGuard guard(x.device());
  const cudaStream_t stream = at::cuda::getCurrentCUDAStream();
  C10_CUDA_CHECK(x.scalar_type() == at::kHalf ? f(__half{}, stream) : f(__nv_bfloat16{}, stream));
}

inline const cudaDeviceProp& properties_of(const at::Tensor& x) {
  return *at::cuda::getDeviceProperties(x.device().index());
}

/// The dtype that all of them have, if kernels take it, else float32. Undefined tensors do not
/// count.
inline at::ScalarType common_device_type(std::initializer_list<at::Tensor> tensors) {
  const at::ScalarType first = tensors.begin()->scalar_type();
  if (!is_half(first)) return at::kFloat;
  for (const at::Tensor& x : tensors) {
    if (x.defined() && x.scalar_type() != first) return at::kFloat;
  }
  return first;
}

/// x, or a copy, with contiguous rows that start at multiples of 16 bytes. The length of a row must
/// be one.
inline at::Tensor with_aligned_rows(const at::Tensor& x) {
  const auto aligned = [](std::int64_t bytes) { return bytes % 16 == 0; };
  const auto size = static_cast<std::int64_t>(x.element_size());
  bool good = x.stride(-1) == 1 &&
              aligned(static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(x.data_ptr())));
  for (std::int64_t axis = 0; axis + 1 < x.dim(); ++axis) {
    good = good && (x.size(axis) == 1 || aligned(x.stride(axis) * size));
  }
  return good ? x : x.clone(at::MemoryFormat::Contiguous);
}

/// Whether x is on a GPU in half precision, in rows of whole vectors of 16 bytes that an int
/// counts. False without elements.
inline bool has_half_rows(const at::Tensor& x) {
  return x.is_cuda() && is_half(x.scalar_type()) && x.numel() > 0 && x.size(-1) % 8 == 0 &&
         x.numel() / x.size(-1) <= std::numeric_limits<int>::max();
}

/// Whether tokens [n, channels] on a GPU are enough for kernels whose blocks bring a layer's
/// weights into their shared memory first: 512 for each multiprocessor.
inline bool has_many_tokens(const at::Tensor& tokens) {
  return tokens.size(0) >= std::int64_t{512} * properties_of(tokens).multiProcessorCount;
}

/// x in float32 and contiguous, as kernels take parameters. Undefined stays.
inline at::Tensor contiguous_floats(const at::Tensor& x) {
  return x.defined() ? x.to(at::kFloat).contiguous() : x;
}

inline bool has_aligned_start(const at::Tensor& x) {
  return reinterpret_cast<std::uintptr_t>(x.const_data_ptr()) % 16 == 0;
}
/// x, or a copy, contiguous from a multiple of 16 bytes on. Undefined stays.
inline at::Tensor with_aligned_start(const at::Tensor& x) {
  if (!x.defined()) return x;
  const at::Tensor y = x.contiguous();
  return has_aligned_start(y) ? y : y.clone();
}

inline at::Tensor empty_floats(at::IntArrayRef sizes, const at::Tensor& like) {
  return at::empty(sizes, like.options().dtype(at::kFloat));
}

}  // namespace omniq::kernels::detail
