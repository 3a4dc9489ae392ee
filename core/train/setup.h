// From an experiment to its dataset, model and loaders: what training, evaluation and prediction
// share.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/dataset.h"
#include "core/data/loader.h"
#include "core/model/omniq.h"
#include "core/model/weights/load_into.h"
#include "core/train/adamw.h"
#include "core/train/step.h"

namespace omniq::train {

data::ClipOptions clip_options(const config::Experiment& experiment);
Result<data::Dataset> open_dataset(const config::Experiment& experiment);

/// What must be right before a new run's folder is made: resolves the thread count, which decides
/// the last bits of a run, opens the dataset once and, without `force`, asks whether training fits
/// into memory (fit.h).
Status prepare(config::Experiment& experiment, bool force = false);

/// What is said where the training list has no clip.
tl::unexpected<Error> no_training_clips(const config::Experiment& experiment);

/// An evaluation loader (with the experiment's views) or a training loader over a split.
data::LoaderOptions loader_options(const config::Experiment& experiment, bool training);

/// Where weights came from, for the run's record.
struct WeightsRecord {
  std::string file, sha256;
  model::LoadReport report;
};

struct BuiltModel {
  std::shared_ptr<model::OmniQ> model;
  model::AdapterReport adapters;
  std::vector<WeightsRecord> weights;
};

/// A freshly initialised model, on the CPU: seeded, pretrained weights loaded, frozen and adapted
/// as train.trainable says.
Result<BuiltModel> build_model(const config::Experiment& experiment, std::int64_t classes);

/// The trainable parameters as the optimiser takes them: encoder and the rest with their learning
/// rates, each with and without weight decay.
std::vector<ParameterGroup> parameter_groups(const model::OmniQ& model,
                                             const config::Experiment& experiment);
StepOptions step_options(const config::Experiment& experiment, Precision precision);

/// The class names of a run, as its checkpoints keep them.
struct LoadedModel {
  std::shared_ptr<model::OmniQ> model;  // on `device`, in evaluation mode, adapters not merged
  std::vector<std::string> classes;
  std::int64_t epoch = 0;  // epochs that the checkpoint has seen
};

/// Builds the experiment's model and fills it from a checkpoint.
Result<LoadedModel> load_trained(const config::Experiment& experiment,
                                 const std::filesystem::path& checkpoint, c10::Device device);

/// Sets torch's thread count to `threads`, or to all cores for 0; returns the count.
std::int64_t apply_threads(std::int64_t threads);

}  // namespace omniq::train
