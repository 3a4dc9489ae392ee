// What a training is made of, and what must be right before it begins.
#pragma once

#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/train/adamw.h"
#include "core/train/step.h"

namespace omniq::train {

/// What must be right before a new run's folder is made: resolves the thread count, which decides
/// the last bits of a run, opens the dataset once and, without `force`, asks whether training fits
/// into memory (fit.h).
Status prepare(config::Experiment& experiment, bool force = false);

/// What is said where the training list has no clip.
tl::unexpected<Error> no_training_clips(const config::Experiment& experiment);

/// The trainable parameters as the optimiser takes them: encoder and the rest with their learning
/// rates, each with and without weight decay.
std::vector<ParameterGroup> parameter_groups(const model::OmniQ& model,
                                             const config::Experiment& experiment);
StepOptions step_options(const config::Experiment& experiment, model::Precision precision);

}  // namespace omniq::train
