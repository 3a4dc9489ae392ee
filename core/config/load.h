// Reading and writing of configurations: YAML files, key=value overrides, the resolved file of a
// run.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/config/settings.h"

namespace omniq::config {

struct Parsed {
  Experiment experiment;
  std::vector<Finding> findings;  // everything that is wrong; empty: the experiment may start
  std::set<std::string> given;    // the settings that file or overrides name
};

/// Reads YAML text (`origin` names it in messages; keys nested or dotted) and then overrides,
/// "key=value" each, in order. The keys and model names of the reference implementation are
/// understood: `model: omniq_mamba` sets fusion.name, `lora.enabled` and `lora.freeze_backbone` set
/// train.trainable.
Parsed parse(const std::string& yaml, const std::string& origin,
             std::span<const std::string> overrides);

/// The experiment, or its first finding as the error (config), with the others in its hint.
Result<Experiment> resolve(Parsed parsed);

/// What parse() makes of a file, resolved.
Result<Experiment> load(const std::filesystem::path& file, std::span<const std::string> overrides);

/// The defaults with overrides, not yet asking whether a run could start from them (a dataset may
/// be missing).
Result<Experiment> load_incomplete(std::span<const std::string> overrides);

/// All settings as YAML that load() reads back to the same experiment; with `help`, each under a
/// comment that says what it does, its unit and its range.
std::string to_yaml(const Experiment& experiment, bool help = false);

}  // namespace omniq::config
