// Training of one run.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/metrics.h"
#include "core/run/run_folder.h"

namespace omniq::train {

struct Progress {
  std::int64_t step = 0, steps = 0;    // optimiser steps done, planned
  std::int64_t epoch = 0, epochs = 0;  // 1-based epoch under way, planned
  std::string phase;                   // "train", "val" or "test", as MetricsRow's
  std::int64_t done = 0, total = 0;    // batches (train) or clips (val) of the epoch
  double loss = 0;                     // of the last step
  double seconds_left = -1;            // estimate for the whole run; negative: not known yet
};

/// What a trainer tells while it works. Called on the trainer's thread; return quickly.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_progress(const Progress&) {}
  virtual void on_metrics(const run::MetricsRow&) {}
  virtual void on_checkpoint(const std::filesystem::path&, std::int64_t /*step*/) {}
};

/// What is refused unless it is asked for.
struct Allowed {
  bool changed_clips = false;  // going on with other clips than the run began with
};

struct TrainOutcome {
  run::RunState state = run::RunState::finished;  // finished or paused
  std::int64_t epochs = 0;                        // done
  std::int64_t best_epoch = 0;
  double best_top1 = -1;  // percent, on what `selection` says; −1: none yet
  std::string selection;  // "val": the best epoch on held-out clips; "last": the last epoch, on the
                          // test list
  double seconds = 0;     // of training, over all starts of the run
  std::int64_t unreadable = 0;  // training clips that could not be decoded, since this start
  bool saved = true;  // false: paused at the last checkpoint, what came after it is discarded
};

/// Trains `experiment` in `folder`, from its last checkpoint where it has one. `stop` saves and
/// returns `paused`; `stop_now` returns `paused` without saving: the run goes on from its last
/// checkpoint, or from the beginning where it has none. What is asked by the folder (run/control.h)
/// is obeyed alike. The run's status, metrics, checkpoints, environment, clips and log are kept in
/// the folder; an error leaves it `failed` with the reason, which is in its log too. Other clips
/// than the run began with are an error (data) unless `allowed`.
Result<TrainOutcome> train(const config::Experiment& experiment, const run::RunFolder& folder,
                           Observer& observer, std::stop_token stop = {},
                           std::stop_token stop_now = {}, const Allowed& allowed = {});

}  // namespace omniq::train
