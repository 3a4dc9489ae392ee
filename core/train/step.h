// One optimiser step: forward and backward passes over its micro-batches, clipping, update.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "core/model/omniq.h"
#include "core/train/adamw.h"

namespace omniq::train {

enum class Precision { float32, bfloat16, float16 };

/// bfloat16 on a GPU that has it, else float16 on a GPU; float32 on the CPU and without `amp`.
Precision choose_precision(at::Device device, bool amp);
const char* precision_name(Precision precision);
at::ScalarType precision_dtype(Precision precision);

/// While it lives, operators on `device` run in mixed precision (torch's autocast).
class AutocastScope {
 public:
  AutocastScope(at::Device device, Precision precision);
  ~AutocastScope();
  AutocastScope(const AutocastScope&) = delete;
  AutocastScope& operator=(const AutocastScope&) = delete;

 private:
  at::DeviceType device_;
  bool active_;
};

/// Sums over clips; they add up over micro-batches and rows.
struct ClipSums {
  double loss = 0;  // sum of the clips' losses
  std::int64_t top1 = 0, top5 = 0, clips = 0;

  ClipSums& operator+=(const ClipSums& other);
};

/// How many of the labels are the best and among the best five logits. logits [n, classes], labels
/// int64 [n].
ClipSums count_correct(const at::Tensor& logits, const at::Tensor& labels);

struct StepOptions {
  Precision precision = Precision::float32;
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
  TrainStep(model::OmniQ& model, AdamW& optimizer, const StepOptions& options);

  /// Forward and backward of one micro-batch: video uint8 [n, T, S, S, 3], labels int64 [n], both
  /// on the model's device. Gradients of the *sum* of the clips' losses add up until update(), so
  /// that the size and number of micro-batches do not matter. Dropout is keyed by (seed, step,
  /// micro).
  ClipSums accumulate(const at::Tensor& video, const at::Tensor& labels, std::int64_t step,
                      std::int64_t micro);

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
  std::int64_t clips_ = 0;
  double scale_ = 1;             // float16's loss scale
  std::int64_t good_steps_ = 0;  // since it last changed
};

}  // namespace omniq::train
