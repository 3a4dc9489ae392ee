// How tensors become what the CUDA kernels take: dtypes, strides, alignment.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <initializer_list>

namespace omniq::kernels::detail {

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

/// The dtype that all of them have, if kernels take it, else float32. Undefined tensors do not
/// count.
inline at::ScalarType common_device_type(std::initializer_list<at::Tensor> tensors) {
  const at::ScalarType first = tensors.begin()->scalar_type();
  if (first != at::kHalf && first != at::kBFloat16) return at::kFloat;
  for (const at::Tensor& x : tensors) {
    if (x.defined() && x.scalar_type() != first) return at::kFloat;
  }
  return first;
}

/// x, or a copy whose last axis is contiguous.
inline at::Tensor with_contiguous_rows(const at::Tensor& x) {
  return x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous();
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

/// The stride of the first axis; 0 where its one entry serves all directions.
inline std::int64_t direction_stride(const at::Tensor& x) {
  return x.size(0) == 1 ? 0 : x.stride(0);
}

}  // namespace omniq::kernels::detail
