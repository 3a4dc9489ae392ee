// What a training is made of, from its experiment.
#pragma once

#include <memory>
#include <vector>

#include "core/config/experiment.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/train/adamw.h"
#include "core/train/objectives/objective.h"

namespace omniq::train {

/// The trainable parameters as the optimiser takes them: encoder and the rest with their learning
/// rates, each with and without weight decay.
std::vector<ParameterGroup> parameter_groups(const model::OmniQ& model,
                                             const config::Experiment& experiment);

/// What the experiment's training makes smaller. `model` stays with the caller.
std::unique_ptr<Objective> make_objective(model::OmniQ& model, const config::Experiment& experiment,
                                          model::Precision precision);

}  // namespace omniq::train
