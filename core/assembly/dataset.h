// From an experiment to its dataset and to how clips of it are shown to the model.
#pragma once

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/dataset.h"
#include "core/data/loader.h"

namespace omniq::assembly {

data::ClipOptions clip_options(const config::Experiment& experiment);
Result<data::Dataset> open_dataset(const config::Experiment& experiment);

/// An evaluation loader (with the experiment's views) or a training loader over a split.
data::LoaderOptions loader_options(const config::Experiment& experiment, bool training);

}  // namespace omniq::assembly
