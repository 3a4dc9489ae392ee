// What must be right before a run's folder is made.
#pragma once

#include "core/base/result.h"
#include "core/config/experiment.h"

namespace omniq::ui {

/// Resolves the thread count, which decides the last bits of a run, and opens the dataset once.
Status prepare_experiment(config::Experiment& experiment);

}  // namespace omniq::ui
