// What the encoder's activations take in a training step, on each of the ways to compute it.
#pragma once

#include <cstdint>

#include "core/model/swin/options.h"

namespace omniq::train {

/// What OmniQ::encode runs.
enum class EncoderPath {
  operators,   // Swin, by torch operators in float32
  kernels,     // in half precision: SwinTraining, or SwinInference where the encoder is frozen
  recomputed,  // SwinTraining with train.recompute
};

/// Bytes of one frame of size × size pixels, that of its pixels included, when most of them are
/// alive at once. Where the encoder trains that is in the backward pass of a stage's last block:
/// what autograd has kept up to there, counted tensor by tensor as Korthikanti et al. do (Reducing
/// Activation Recomputation in Large Transformer Models, 2022, section 4), and what that block
/// computes from it.
double encoder_training_bytes(const model::SwinOptions& swin, std::int64_t size, EncoderPath path);

/// The same where it is frozen: nothing is kept, the most is within a block.
double frozen_encoder_bytes(const model::SwinOptions& swin, std::int64_t size, EncoderPath path);

}  // namespace omniq::train
