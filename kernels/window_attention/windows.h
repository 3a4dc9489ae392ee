// Attention windows on a map of tokens: which pairs of their tokens have which bias.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::kernels {

/// The row of the relative position bias table for each pair of tokens: int64 [T, T], T = window².
at::Tensor relative_position_index(std::int64_t window);

/// What keeps tokens apart that were no neighbours before a map of height × width, multiples of
/// `window`, was rolled up and left by the shifts: float [windows, T, T], −100 or 0.
at::Tensor shift_mask(std::int64_t height, std::int64_t width, std::int64_t window,
                      std::int64_t shift_y, std::int64_t shift_x);

}  // namespace omniq::kernels
