#include "kernels/window_attention/windows.h"

#include <torch/types.h>

namespace omniq::kernels {

at::Tensor relative_position_index(std::int64_t window) {
  const at::Tensor along = torch::arange(window, torch::kInt64);
  const at::Tensor y = along.repeat_interleave(window);
  const at::Tensor x = along.repeat({window});
  const auto difference = [&](const at::Tensor& c) {
    return c.unsqueeze(1) - c.unsqueeze(0) + window - 1;
  };
  return difference(y) * (2 * window - 1) + difference(x);
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
