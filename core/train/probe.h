// What a training step takes: measured on the experiment's own model and device.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/printed.h"

namespace omniq::train {

struct ProbeOptions {
  std::int64_t steps = 8;  // that are timed, at most; one more comes before them
  double seconds = 15;     // after which no step but the first timed one is begun
};

/// Builds the model as train() does and runs optimiser steps on generated clips of the experiment's
/// shape, through the trainer's own step, in its precision, batch and accumulation. Nothing is
/// written. `progress` hears of every forward pass: those done, and those that may come. An error
/// is what training would answer to the configuration or the dataset, or that memory ran out, with
/// the settings to lower; ErrorCode::stopped after a requested stop.
Result<run::Probe> probe(
    const config::Experiment& experiment, const ProbeOptions& options = {},
    const std::function<void(std::int64_t done, std::int64_t total)>& progress = {},
    std::stop_token stop = {});

}  // namespace omniq::train
