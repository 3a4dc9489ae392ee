// The ways to compute the per-frame encoder. Which one a model takes is chosen once, by whoever
// runs it; the run's record and the memory estimate go by the same choice. Sees no torch header.
#pragma once

namespace omniq::model {

enum class EncoderPath {
  operators,   // Swin, by torch operators
  inference,   // SwinInference: kernels in half precision, without gradients
  training,    // SwinTraining: kernels in half precision, with gradients in the parameters
  recomputed,  // the same, keeping less and computing it again
};

/// What an encoder is to be run for.
struct EncoderUse {
  bool half_on_gpu = false;  // in mixed precision on a GPU: what kernels are for
  bool trains = false;       // or it is frozen, or evaluated
  bool recompute = false;    // train.recompute
};

constexpr EncoderPath choose_encoder_path(const EncoderUse& use) {
  if (!use.half_on_gpu) return EncoderPath::operators;
  if (!use.trains) return EncoderPath::inference;
  return use.recompute ? EncoderPath::recomputed : EncoderPath::training;
}

}  // namespace omniq::model
