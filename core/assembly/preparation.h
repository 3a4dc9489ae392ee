// What must be right before a run begins.
#pragma once

#include "core/base/result.h"
#include "core/config/experiment.h"

namespace omniq::assembly {

/// Before a new run's folder is made: resolves the thread count, which decides the last bits of a
/// run, opens the dataset once and, without `force`, asks whether training fits into memory
/// (fit.h).
Status prepare(config::Experiment& experiment, bool force = false);

/// What is said where the training list has no clip.
tl::unexpected<Error> no_training_clips(const config::Experiment& experiment);

}  // namespace omniq::assembly
