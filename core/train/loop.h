// Epochs of steps: the loop of a training, whatever it makes smaller and wherever its clips come
// from.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/assembly/checkpoint.h"
#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/batches.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/run/heartbeat.h"
#include "core/run/run_folder.h"
#include "core/train/adamw.h"
#include "core/train/checkpoints.h"
#include "core/train/objectives/objective.h"
#include "core/train/observer.h"
#include "core/train/recorder.h"
#include "core/train/step.h"

namespace omniq::train {

/// What a loop works with. All of it stays with the caller.
struct LoopParts {
  const config::Experiment& experiment;
  const run::RunFolder& folder;
  Observer& observer;
  run::Heartbeat& heartbeat;
  model::OmniQ& model;
  Objective& objective;
  AdamW& optimizer;
  StepOptions step;
  std::vector<std::string> classes;
  data::Batches& train;
  data::Batches* watched = nullptr;  // evaluated after every epoch; none: nothing is
  bool held_out = false;       // watched clips choose the best epoch; else they are the test list
  bool changed_clips = false;  // the clips may be others than when the run began
};

class Loop {
 public:
  /// `stop` ends at the next step, saved unless `discard` has been requested too.
  Loop(const LoopParts& parts, std::stop_token stop, std::stop_token discard);

  /// Goes back to the run's last checkpoint where it has begun; what came after it is dropped.
  Status restore();
  /// From there to the end of the epochs or a stop.
  Result<TrainOutcome> run();

 private:
  Result<bool> train_epoch();
  std::optional<std::int64_t> gather(std::vector<ClipBatch>& batches);
  Status after_step(double loss, double factor);
  Status check_readable();
  Result<bool> watch();
  Result<std::optional<run::Numbers>> measure_watched();
  Result<TrainOutcome> pause();
  Status save();
  tl::unexpected<Error> diverged(const char* what, double value, double factor) const;
  TrainOutcome outcome(run::RunState state) const;
  Progress progress(const char* phase, std::int64_t done, std::int64_t total) const;
  const char* watched_phase() const { return parts_.held_out ? "val" : "test"; }
  const char* selection() const { return parts_.held_out ? "val" : "last"; }
  double seconds() const;
  void update_status(bool now);

  LoopParts parts_;
  const config::Experiment& e_;
  std::stop_token stop_, discard_;
  TrainStep step_;
  Checkpoints checkpoints_;
  std::optional<Recorder> recorder_;
  assembly::TrainerState state_;
  std::int64_t total_steps_ = 0, steps_at_start_ = 0;
  std::map<std::string, std::string> unreadable_;  // training clips that were met since the start
  std::size_t unreadable_told_ = 0;
  std::int64_t decoded_ = 0;   // training clips, since the start
  double seconds_before_ = 0;  // of earlier starts
  std::chrono::steady_clock::time_point started_;
};

}  // namespace omniq::train
