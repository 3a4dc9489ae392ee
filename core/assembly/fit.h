// Whether a training fits into memory: said before it begins, and when it turns out that it does
// not.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <exception>
#include <optional>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/dataset.h"

namespace omniq::assembly {

/// In bytes; 0 where nothing is known, and then nothing is refused for it.
struct FreeMemory {
  std::int64_t machine = 0;
  std::optional<std::int64_t> gpu;  // where the model runs on one
};
FreeMemory free_memory(c10::Device device);

/// Refuses (code config) an experiment that takes more than is free: a step as estimate_memory()
/// says, the evaluation between epochs, and the clips that wait. The hint names the smallest change
/// that fits.
Status check_fits(const config::Experiment& experiment, const data::Dataset& dataset,
                  const FreeMemory& free);

/// The error to report where `thrown` says that an allocation failed.
std::optional<Error> memory_error(const config::Experiment& experiment,
                                  const std::exception& thrown);

}  // namespace omniq::assembly
