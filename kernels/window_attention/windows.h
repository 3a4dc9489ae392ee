// Attention windows on a map of tokens: which pairs of their tokens have which bias.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::kernels {

/// The bias of each pair of a window's tokens, T = window²:
///   table  [(2 · window − 1)², heads], any device and dtype: a row for each distance of two
///   tokens,
///          row by row from (1 − window, 1 − window) on
/// → [heads, T, T], the query's token first. Differentiable; its gradient repeats itself bit by
/// bit.
at::Tensor relative_position_bias(const at::Tensor& table, std::int64_t window);

/// What keeps tokens apart that were no neighbours before a map of height × width, multiples of
/// `window`, was rolled up and left by the shifts: float [windows, T, T], −100 or 0.
at::Tensor shift_mask(std::int64_t height, std::int64_t width, std::int64_t window,
                      std::int64_t shift_y, std::int64_t shift_x);

}  // namespace omniq::kernels
