// eval::evaluate_run behind a header without torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "core/base/result.h"

namespace omniq::ui {

/// Evaluates a run on its test list and leaves the result in its folder. `progress` is told a
/// phase ("clips" or "latency") and how much of it is done.
Status evaluate_folder(
    const std::filesystem::path& run,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress,
    std::stop_token stop);

}  // namespace omniq::ui
