// When a training saves, and what.
#pragma once

#include <chrono>
#include <string>

#include "core/assembly/checkpoint.h"
#include "core/config/experiment.h"
#include "core/run/run_folder.h"
#include "core/train/adamw.h"
#include "core/train/step.h"

namespace omniq::train {

/// The checkpoints of the run that is being trained.
class Checkpoints {
 public:
  /// All stay with the caller.
  Checkpoints(const config::Experiment& experiment, const run::RunFolder& folder,
              model::OmniQ& model, AdamW& optimizer, TrainStep& step);

  /// Where the run goes on: from its last checkpoint where it has begun, with model, optimiser and
  /// loss scale as they were. `batches` is what an epoch has, unknown where clips may be fewer than
  /// when the epoch under way began; `classes` must be those that the run began with.
  Result<assembly::TrainerState> restore(const std::vector<std::string>& classes,
                                         std::optional<std::int64_t> batches);

  /// Whether train.checkpoint_minutes are over since the last one.
  bool due() const;
  /// last.safetensors; the state gets the loss scale of now.
  Status save(assembly::TrainerState& state);
  /// best.safetensors: of the epoch that `state` is about to end.
  Status save_best(assembly::TrainerState state);
  /// Where adapters train: writes those of the reported checkpoint, which the model then is.
  Status save_adapter();

  /// "the last good checkpoint is of step 7, PATH".
  std::string last_good() const;

 private:
  const config::Experiment& e_;
  const run::RunFolder& folder_;
  model::OmniQ& model_;
  AdamW& optimizer_;
  TrainStep& step_;
  std::chrono::steady_clock::time_point last_save_ = std::chrono::steady_clock::now();
};

}  // namespace omniq::train
