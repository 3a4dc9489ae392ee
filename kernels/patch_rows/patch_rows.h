// Pictures as rows of patches, for a convolution without overlap as a matrix product.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace omniq::kernels {

/// A byte b becomes (b − kByteCentre) ÷ kByteScale, which bfloat16 and float16 hold exactly.
inline constexpr double kByteCentre = 128, kByteScale = 64;

/// The pixels of each patch × patch square, one row a patch, in `dtype` (floating):
///   frames floating [n, c, H, W]  → [n, ⌊H/patch⌋, ⌊W/patch⌋, c · patch · patch], by channel, row,
///                                   column
///   frames uint8 [n, H, W, c]     → [n, ⌊H/patch⌋, ⌊W/patch⌋, patch · patch · c], by row, column,
///                                   channel, as kByteCentre and kByteScale say
/// Pixels beyond a multiple of `patch` are left out. Without gradients; throws c10::Error where one
/// is asked for and where frames are smaller than a patch. On a GPU there are kernels for patches
/// of 4 and three channels, float32 or uint8 to bfloat16 or float16; everything else is computed by
/// torch operators.
at::Tensor patch_rows(const at::Tensor& frames, std::int64_t patch, at::ScalarType dtype);

}  // namespace omniq::kernels
