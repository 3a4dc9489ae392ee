// environment.json: what a run was made with.
#pragma once

#include <c10/core/Device.h>

#include <nlohmann/json_fwd.hpp>

#include "core/assembly/model.h"
#include "core/config/experiment.h"
#include "core/data/dataset.h"
#include "core/model/precision.h"
#include "core/run/run_folder.h"

namespace omniq::train {

/// Versions of this program and its libraries, and the machine.
nlohmann::ordered_json describe_machine(c10::Device device);

/// Writes environment.json, of which run::read_environment reads a part: the machine, the seed, the precision, how the selective scan
/// (kernels::scan_path()) and the encoder are computed, the weights with their SHA-256 and what
/// they missed, the adapters whose rank was capped, and the clips that are listed but missing.
Status write_environment(const run::RunFolder& folder, const config::Experiment& experiment,
                         c10::Device device, model::Precision precision,
                         const assembly::BuiltModel& built, const data::Dataset& dataset);

}  // namespace omniq::train
