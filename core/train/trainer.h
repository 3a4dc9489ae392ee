// Training of one run.
#pragma once

#include <stop_token>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/run_folder.h"
#include "core/train/observer.h"

namespace omniq::train {

/// What is refused unless it is asked for.
struct Allowed {
  bool changed_clips = false;  // going on with other clips than the run began with
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
