// From an experiment to its model: new, or as a run's checkpoint has it.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/model/omniq.h"
#include "core/model/weights/load_into.h"

namespace omniq::assembly {

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

/// The class names of a run, as its checkpoints keep them.
struct LoadedModel {
  std::shared_ptr<model::OmniQ> model;  // on `device`, in evaluation mode, adapters not merged
  std::vector<std::string> classes;
  std::int64_t epoch = 0;  // epochs that the checkpoint has seen
};

/// Builds the experiment's model and fills it from a checkpoint.
Result<LoadedModel> load_trained(const config::Experiment& experiment,
                                 const std::filesystem::path& checkpoint, c10::Device device);

}  // namespace omniq::assembly
