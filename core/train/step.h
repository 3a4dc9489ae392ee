// One optimiser step: forward and backward passes over its batches, clipping, update.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "core/model/precision.h"
#include "core/train/adamw.h"
#include "core/train/objectives/objective.h"

namespace omniq::train {

struct StepOptions {
  c10::Device device{c10::kCPU};  // the model's
  model::Precision precision = model::Precision::float32;
  double clip_norm = 0.5;  // 0: none
};

struct StepResult {
  double grad_norm = 0;
  bool skipped = false;  // float16: the scaled gradients overflowed, the scale was halved
};

class TrainStep {
 public:
  TrainStep(Objective& objective, AdamW& optimizer, const StepOptions& options);

  /// Forward and backward passes over all batches of a step, which may be on any device and are
  /// taken to the model's one by one. Returns the objective's sums over them. `go_on` is asked
  /// before each; where it says no, nothing is returned, and no gradient is left.
  std::optional<run::Numbers> accumulate(std::span<const ClipBatch> batches, std::int64_t step,
                                         const std::function<bool()>& go_on = {});

  /// Clips the gradients' norm and updates with the peak learning rates times `factor`. Without any
  /// batch nothing happens.
  StepResult update(double factor);

  double loss_scale() const { return scale_; }
  std::int64_t steps_since_scale_change() const { return good_steps_; }
  void set_loss_scale(double scale, std::int64_t good_steps);

 private:
  Objective& objective_;
  AdamW& optimizer_;
  StepOptions options_;
  double scale_ = 1;             // float16's loss scale
  std::int64_t good_steps_ = 0;  // since it last changed
};

}  // namespace omniq::train
