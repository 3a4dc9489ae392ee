// How patch merging lays tokens side by side, by torch operators.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace omniq::kernels::detail {

/// x [n, H, W, C] → [n, ⌈H/2⌉, ⌈W/2⌉, 4C]: each square of four, the one below before the one to the
/// right; zeros beyond the map.
inline at::Tensor merged_neighbours(const at::Tensor& x) {
  const std::int64_t n = x.size(0), height = x.size(1), width = x.size(2), channels = x.size(3);
  const std::int64_t down = (height + 1) / 2, across = (width + 1) / 2;
  return at::constant_pad_nd(x, {0, 0, 0, width % 2, 0, height % 2})
      .view({n, down, 2, across, 2, channels})
      .permute({0, 1, 3, 4, 2, 5})
      .reshape({n, down, across, 4 * channels});
}

}  // namespace omniq::kernels::detail
