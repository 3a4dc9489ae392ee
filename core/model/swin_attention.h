// Attention inside Swin's windows.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::model::swin {

/// softmax(q kᵀ / √d + bias) v for each window and head.
///   qkv   [n · windows, T, 3 · heads · d], the three parts one after the other
///   bias  [windows or 1, heads, T, T]: relative positions plus, when shifted, the mask
/// → [n · windows, T, heads · d]. Differentiable in both. The computation is in qkv's dtype.
at::Tensor window_attention(const at::Tensor& qkv, const at::Tensor& bias, std::int64_t heads);

}  // namespace omniq::model::swin
