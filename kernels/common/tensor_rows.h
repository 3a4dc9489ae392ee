// How tensors become the rows that kernels take.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/common/rows.h"

namespace omniq::kernels::detail {

/// x, or a copy whose last axis is contiguous.
inline at::Tensor with_contiguous_rows(const at::Tensor& x) {
  return x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous();
}

/// The stride of the first axis; 0 where its one entry serves all directions.
inline std::int64_t direction_stride(const at::Tensor& x) {
  return x.size(0) == 1 ? 0 : x.stride(0);
}

/// x [directions or 1, clips, tokens, ·] of dtype T, to read or to write; null rows if undefined.
template <typename T>
Rows<const T> rows_of(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {x.const_data_ptr<T>(), direction_stride(x), x.stride(1), x.stride(2)};
}

template <typename T>
Rows<T> mutable_rows_of(const at::Tensor& x) {
  if (!x.defined()) return {};
  return {x.mutable_data_ptr<T>(), direction_stride(x), x.stride(1), x.stride(2)};
}

}  // namespace omniq::kernels::detail
