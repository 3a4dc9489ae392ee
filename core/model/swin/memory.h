// What the encoder's activations take in a training step, on each of the ways to compute it. Sees
// no torch header.
#pragma once

#include <cstdint>

#include "core/model/swin/encoder_path.h"
#include "core/model/swin/options.h"

namespace omniq::model {

/// Bytes of one frame of size × size pixels, that of its pixels included, when most of them are
/// alive at once. Where the encoder trains that is in the backward pass of a stage's last block:
/// what autograd has kept up to there, counted tensor by tensor as Korthikanti et al. do (Reducing
/// Activation Recomputation in Large Transformer Models, 2022, section 4), and what that block
/// computes from it. Operators are taken to compute in float32.
double encoder_training_bytes(const SwinOptions& swin, std::int64_t size, EncoderPath path);

/// The same without gradients, by operators or SwinInference: nothing is kept, the most is within a
/// block.
double encoder_inference_bytes(const SwinOptions& swin, std::int64_t size, EncoderPath path);

}  // namespace omniq::model
