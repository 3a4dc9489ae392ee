// Attention inside the windows of a map of tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::kernels {

/// softmax(q kᵀ / √d + bias) v for each window and head, of tokens that lie window by window.
///   qkv   [n · windows, T, 3 · heads · d], the three parts one after the other
///   bias  [windows or 1, heads, T, T]: relative positions plus, when shifted, the mask
/// → [n · windows, T, heads · d]. Any device and floating type. Differentiable in both, once.
/// The computation is in qkv's dtype.
at::Tensor attention_of_windows(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads);

/// A layer's relative position bias, prepared once.
struct WindowBias {
  std::int64_t window = 0, head_width = 0;  // side in tokens; d
  at::Tensor pairs;                         // [heads, T, T], T = window²
  at::Tensor lanes;  // the same as the kernel reads it; undefined where there is no kernel
};

/// table [(2 · window − 1)², heads], floating: as relative_position_bias() takes it. For
/// heads of `head_width` channels. Differentiable.
WindowBias make_window_bias(const at::Tensor& table, std::int64_t window, std::int64_t head_width);

/// The same attention on maps in their natural order:
///   qkv      [n, H, W, 3 · heads · d], contiguous or copied
///   padding  [3 · heads · d]: the qkv of a token beyond the map, in qkv's dtype. Maps that windows
///            do not divide continue with such tokens, below and to the right.
///   shift    windows begin at this token, 0 ≤ shift < window, and wrap around; tokens that are no
///            neighbours do not see each other. On an axis that one window covers it counts as 0.
///   keep     [n], floating, without gradient: the factor of each frame's result; undefined: 1
/// → [n, H, W, heads · d] in qkv's dtype.
///
/// Differentiable in qkv, the bias's table and padding, once; what is kept for that is qkv. Throws
/// c10::Error where shapes, dtypes or devices do not agree, or where keep requires a gradient. On a
/// GPU there are kernels for bfloat16 and float16, windows of 7 with d = 32 and windows of 4 with d
/// = 16; everything else is computed by torch operators.
at::Tensor window_attention(const at::Tensor& qkv, const WindowBias& bias,
                            const at::Tensor& padding, std::int64_t shift,
                            const at::Tensor& keep = {});

/// Whether window_attention() has a kernel for a window and d on GPUs in half precision.
bool has_window_attention(std::int64_t window, std::int64_t head_width);

}  // namespace omniq::kernels
