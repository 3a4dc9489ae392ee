// What the encoder's two paths on kernels share, that of inference and that of training.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/model/swin/encoder_path.h"
#include "core/model/swin/options.h"

namespace omniq::model::swin {

/// The patch embedding's convolution as a linear layer on rows of patches (kernels::patch_rows).
struct PatchLayer {
  at::Tensor weight;  // [out, patch · patch · c]
  at::Tensor bias;    // [out]
};

/// weight [out, c, patch, patch], bias [out]. For rows of bytes, of which c is 3, in float64: bytes
/// are centred and scaled otherwise than pixels, which the layer makes up for. Differentiable.
PatchLayer patch_layer(const at::Tensor& weight, const at::Tensor& bias, bool bytes);

/// Throws c10::Error, as `encoder` ("SwinTraining"), unless frames are floating [n, in_channels, H,
/// W] or, with three channels, uint8 [n, H, W, 3].
void check_frames(const char* encoder, const SwinOptions& options, const at::Tensor& frames);

/// For a run's record: "torch operators", or "kernels", how they differ from the formulas, what is
/// computed again, and attention that has no kernel. The encoders of swin_names() have kernels
/// throughout; those of other options may also lack some for patches, norms and GELU, which is not
/// said here.
std::string describe(EncoderPath path, const SwinOptions& options);

}  // namespace omniq::model::swin
