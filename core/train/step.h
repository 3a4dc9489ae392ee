// One optimiser step: forward and backward passes over its micro-batches, clipping, update.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/run/clip_sums.h"
#include "core/train/adamw.h"

namespace omniq::train {

using run::ClipSums;

/// How many of the labels are the best and among the best five logits. logits [n, classes], labels
/// int64 [n].
ClipSums count_correct(const at::Tensor& logits, const at::Tensor& labels);

struct StepOptions {
  model::Precision precision = model::Precision::float32;
  double label_smoothing = 0.1;
  double clip_norm = 0.5;  // 0: none
  std::uint64_t seed = 0;
};

struct StepResult {
  double grad_norm = 0;
  bool skipped = false;  // float16: the scaled gradients overflowed, the scale was halved
};

class TrainStep {
 public:
  /// The model is on its device, and it is known what of it trains.
  TrainStep(model::OmniQ& model, AdamW& optimizer, const StepOptions& options);

  /// Forward and backward of one micro-batch: video uint8 [n, T, S, S, 3], labels int64 [n] and
  /// samples int64 [n] (which clip each is), all on the model's device. Gradients of the *sum* of
  /// the clips' losses add up until update(), and what is drawn is keyed by (seed, step, layer,
  /// sample), so that the size and number of micro-batches do not matter.
  ClipSums accumulate(const at::Tensor& video, const at::Tensor& labels, const at::Tensor& samples,
                      std::int64_t step);

  /// Divides the gradients by the number of clips, clips their norm, and updates with the peak
  /// learning rates times `factor`. Without any clip nothing happens.
  StepResult update(double factor);

  double loss_scale() const { return scale_; }
  std::int64_t steps_since_scale_change() const { return good_steps_; }
  void set_loss_scale(double scale, std::int64_t good_steps);

 private:
  model::OmniQ& model_;
  AdamW& optimizer_;
  StepOptions options_;
  model::Execution execution_;
  std::int64_t clips_ = 0;
  double scale_ = 1;             // float16's loss scale
  std::int64_t good_steps_ = 0;  // since it last changed
};

}  // namespace omniq::train
