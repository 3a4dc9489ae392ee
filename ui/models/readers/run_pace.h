// What a step took in an earlier run of the same shape.
#pragma once

#include <QString>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/experiment.h"
#include "core/run/metrics.h"

namespace omniq::ui {

struct Pace {
  QString run;         // its folder's name
  double seconds = 0;  // a step, median; waiting for clips included
  double memory = 0;   // bytes of the GPU, at most; 0 on the CPU
};

/// Remembers what it read of a run's configuration, so that asking again is cheap.
class PaceFinder {
 public:
  /// The newest run of `workspace` that was trained on this host's `device_name` with the same
  /// step_key() as `experiment`; nothing where there is none, or `stop` said so.
  std::optional<Pace> find(const std::filesystem::path& workspace,
                           const config::Experiment& experiment, const std::string& device_name,
                           const std::function<bool()>& stop);

 private:
  struct Known {
    std::string device_name, key;
  };
  const Known& known(const std::filesystem::path& run);

  std::map<std::filesystem::path, Known> known_;
};

/// Median seconds of a step between neighbouring rows of training; 0 where there are none.
double seconds_per_step(const std::vector<run::MetricsRow>& rows);

}  // namespace omniq::ui
