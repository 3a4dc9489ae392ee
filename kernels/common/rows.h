// How kernels, of the CPU and of CUDA, are handed a tensor: compiled without torch.
#pragma once

#include <cstdint>

namespace omniq::kernels::detail {

/// A tensor [directions or 1, clips, tokens, ·] whose last axis is contiguous; strides in elements,
/// that of a shared direction is 0.
template <typename T>
struct Rows {
  T* data = nullptr;
  std::int64_t direction = 0, clip = 0, token = 0;
};

}  // namespace omniq::kernels::detail
