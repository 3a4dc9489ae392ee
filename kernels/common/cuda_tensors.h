// How tensors become what the CUDA kernels take: dtypes, strides, alignment.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <initializer_list>
#include <limits>

#include "kernels/common/tensor_rows.h"

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

inline bool is_half(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

/// The same for kernels that take __half and __nv_bfloat16 alone.
template <typename F>
auto dispatch_half_type(at::ScalarType type, const F& f) {
  TORCH_CHECK(is_half(type), "no CUDA kernel for ", type);
  return type == at::kHalf ? f(__half{}) : f(__nv_bfloat16{});
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

/// x in float32 and contiguous, as kernels take parameters. Undefined stays.
inline at::Tensor contiguous_floats(const at::Tensor& x) {
  return x.defined() ? x.to(at::kFloat).contiguous() : x;
}

/// x, or a copy, that starts at a multiple of 16 bytes. It must be contiguous.
inline at::Tensor with_aligned_start(const at::Tensor& x) {
  return reinterpret_cast<std::uintptr_t>(x.const_data_ptr()) % 16 == 0 ? x : x.clone();
}

/// x [directions or 1, clips, tokens, ·] as a kernel's T, which x.scalar_type() must stand for;
/// null rows if undefined.
template <typename T>
Rows<T> device_rows_of(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {static_cast<T*>(x.data_ptr()), direction_stride(x), x.stride(1), x.stride(2)};
}

}  // namespace omniq::kernels::detail
