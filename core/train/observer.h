// What a trainer tells while it works, and at its end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

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

/// Called on the trainer's thread; return quickly.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_progress(const Progress&) {}
  virtual void on_metrics(const run::MetricsRow&) {}
  virtual void on_checkpoint(const std::filesystem::path&, std::int64_t /*step*/) {}
};

struct TrainOutcome {
  run::RunState state = run::RunState::finished;  // finished or paused
  std::int64_t epochs = 0, steps = 0;             // done
  std::int64_t best_epoch = 0;
  run::Numbers best;      // its metrics on what `selection` says; empty: none yet
  std::string selection;  // "val": the best epoch on held-out clips; "last": the last epoch, on the
                          // test list
  double seconds = 0;     // of training, over all starts of the run
  std::int64_t unreadable = 0;  // training clips that could not be decoded, since this start
  bool saved = true;  // false: paused at the last checkpoint, what came after it is discarded
};

}  // namespace omniq::train
