// From decoded pixels to the encoder's input.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace omniq::model {

/// ImageNet's statistics, of RGB in [0, 1].
inline constexpr std::array<double, 3> kPixelMean = {0.485, 0.456, 0.406};
inline constexpr std::array<double, 3> kPixelStd = {0.229, 0.224, 0.225};

/// rgb uint8 [..., H, W, 3] → float32 [..., 3, H, W], contiguous, on the same device:
/// (x ÷ 255 − mean) ÷ std of the channel. Throws c10::Error on another dtype or last dimension.
at::Tensor normalize_frames(const at::Tensor& rgb);

}  // namespace omniq::model
