#include "kernels/window_attention/windows.h"

#include <torch/types.h>

namespace omniq::kernels {

// The distances of a token y to those of its column are a stretch of the table from y on,
// backwards. A lookup by index would do as well, but not its gradient: on a GPU torch adds that up
// by atomics or in a kernel whose result depends on the order of its warps.
at::Tensor relative_position_bias(const at::Tensor& table, std::int64_t window) {
  const std::int64_t side = 2 * window - 1;
  const auto type = table.scalar_type();
  return table
      .to(at::promote_types(type, at::kFloat))  // in which its gradient is added up
      .reshape({side, side, -1})
      .unfold(0, window, 1)
      .unfold(1, window, 1)  // [y, x, heads, other y, other x]
      .flip({-2, -1})
      .permute({2, 0, 1, 3, 4})
      .reshape({-1, window * window, window * window})
      .to(type);
}

at::Tensor shift_mask(std::int64_t height, std::int64_t width, std::int64_t window,
                      std::int64_t shift_y, std::int64_t shift_x) {
  const auto region = [&](std::int64_t length, std::int64_t shift) {
    at::Tensor out = torch::zeros({length});
    if (shift > 0) {
      out.slice(0, length - window, length - shift).fill_(1);
      out.slice(0, length - shift).fill_(2);
    }
    return out;
  };
  const at::Tensor regions = region(height, shift_y).unsqueeze(1) * 3 + region(width, shift_x);
  const at::Tensor of_window = regions.view({height / window, window, width / window, window})
                                   .permute({0, 2, 1, 3})
                                   .reshape({-1, window * window});
  return of_window.unsqueeze(1).ne(of_window.unsqueeze(2)).to(torch::kFloat).mul_(-100);
}

}  // namespace omniq::kernels
