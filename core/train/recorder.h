// What a training writes down of its steps: metrics.jsonl, TensorBoard's files, and the observer.
#pragma once

#include <c10/core/Device.h>

#include <chrono>
#include <optional>
#include <string>

#include "core/assembly/checkpoint.h"
#include "core/run/metrics.h"
#include "core/run/run_folder.h"
#include "core/run/tensorboard.h"
#include "core/train/objectives/objective.h"
#include "core/train/observer.h"

namespace omniq::train {

class Recorder {
 public:
  /// Drops the rows after `step`, the last that a checkpoint has. All stay with the caller.
  static Result<Recorder> open(const run::RunFolder& folder, Observer& observer,
                               const Objective& objective, c10::Device device, std::int64_t step);

  /// From now on the next row's clips a second count; `waited` seconds of it were for clips.
  void start_window();
  void add_wait(double seconds) { waited_ += seconds; }

  /// A row of the clips since the one before, with the epoch's where it ends; the window of `state`
  /// is empty then. Nothing where there was no clip.
  Status train_row(assembly::TrainerState& state, double lr, bool epoch_ends);
  /// A row of watched clips.
  Status watched_row(const assembly::TrainerState& state, const char* phase, run::Numbers metrics);

 private:
  Recorder(const run::RunFolder& folder, Observer& observer, const Objective& objective,
           c10::Device device, run::TensorBoardWriter tensorboard)
      : observer_(&observer),
        objective_(&objective),
        device_(device),
        metrics_(folder.file("metrics.jsonl")),
        tensorboard_(std::move(tensorboard)) {}
  Status write(const assembly::TrainerState& state, run::MetricsRow row);

  Observer* observer_;
  const Objective* objective_;
  c10::Device device_;
  run::MetricsLog metrics_;
  run::TensorBoardWriter tensorboard_;
  std::chrono::steady_clock::time_point window_start_;
  double waited_ = 0;  // seconds, for clips
};

}  // namespace omniq::train
