// The one description of every setting. The YAML reader, key=value overrides, `omniq config`, the
// form of the window and the documentation are made from it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/model/fusion/registry.h"

namespace omniq::config {

enum class Kind { boolean, integer, real, text, choice, path, list };
enum class Level { basic, advanced };

struct Setting {
  std::string key;  // "train.batch_size": the member of Experiment, as written in YAML
  Kind kind;
  std::string group;  // Model, Data, Training, LoRA, Evaluation, Pretraining, Run
  Level level = Level::advanced;
  std::string help;                  // what it does, one sentence
  std::string unit;                  // "frames", "pixels"; empty for none
  std::string applies_to;            // "fusion mamba, mamba2"; empty for all
  bool shapes_step = false;          // what a step takes, in time or memory, depends on it
  std::optional<double> low, high;   // inclusive; integer and real
  bool low_open = false;             // the lower bound itself is not allowed
  std::vector<std::string> choices;  // choice
  std::string limits;                // text: what it may consist of, in words; empty: anything …
  bool (*within_limits)(std::string_view) = nullptr;  // … and as a test
  std::string default_value;
  bool newer = false;  // than config.yaml's checksum: files of runs without one may lack it

  std::function<std::string(const Experiment&)> get;
  /// Parses and range-checks; the error says value and allowed values (not the key).
  std::function<Status(Experiment&, const std::string&)> set;

  /// Whether the setting changes anything in this experiment: what applies_to says in words.
  std::function<bool(const Experiment&)> applies;

  /// "1 to 4096", "one of stride, segments"; empty when anything goes.
  std::string allowed() const;
};

const std::vector<Setting>& settings();
const Setting* find_setting(const std::string& key);

/// The settings that shape a step, as one text: two experiments with the same text take the same
/// time and memory a step on the same machine.
std::string step_key(const Experiment& experiment);

/// What contradicts what in a configuration whose single values are all in range.
struct Finding {
  std::string key;  // may be empty
  std::string
      message;  // names key, value, allowed range and, when it was read from a file, file and line
  std::string hint;
};
std::vector<Finding> cross_check(const Experiment& experiment);

/// The fusion that an experiment asks for.
model::FusionOptions fusion_options(const Experiment& experiment);

}  // namespace omniq::config
