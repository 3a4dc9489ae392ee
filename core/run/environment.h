// environment.json: what a run was made with. train::write_environment writes it; here is read what
// runs are compared by.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"

namespace omniq::run {

inline constexpr const char* kEnvironmentFile = "environment.json";

struct Environment {
  std::string host;         // host_name() of who trained it
  std::string device_name;  // "NVIDIA H200"
};

/// Of the run in `folder`. Errors: it is not there, as before the first start, or damaged (io).
Result<Environment> read_environment(const std::filesystem::path& folder);

}  // namespace omniq::run
