// How tensors become the pointers and rows that kernels take.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <type_traits>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

/// x, or a copy whose last axis is contiguous. Undefined stays.
inline at::Tensor with_contiguous_rows(const at::Tensor& x) {
  return !x.defined() || x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous();
}

/// Of x's sizes, dtype and device, not filled.
inline at::Tensor contiguous_like(const at::Tensor& x) { return at::empty(x.sizes(), x.options()); }

/// The stride of the first axis; 0 where its one entry serves all directions.
inline std::int64_t direction_stride(const at::Tensor& x) {
  return x.size(0) == 1 ? 0 : x.stride(0);
}

/// The first element of x, to read as const T or to write as T, which x.scalar_type() must stand
/// for; null if undefined.
template <typename T>
T* data_of(const at::Tensor& x) {
  if (!x.defined()) return nullptr;
  if constexpr (std::is_const_v<T>) return static_cast<T*>(x.const_data_ptr());
  if constexpr (!std::is_const_v<T>) return static_cast<T*>(x.mutable_data_ptr());
}

/// The same of x [directions or 1, clips, tokens, ·] as rows.
template <typename T>
Rows<T> rows_of(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {data_of<T>(x), direction_stride(x), x.stride(1), x.stride(2)};
}

}  // namespace omniq::kernels::detail
