// What omniq prints for the program that started it, and what that reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/measured.h"
#include "core/base/result.h"

namespace omniq::run {

/// How far a command is: with --progress a line of JSON on its stderr, among those of its log.
struct Progress {
  std::string what;                  // "training", "measuring", …
  std::int64_t done = 0, total = 0;  // of what is counted: steps, clips
  double seconds_left = -1;          // negative: not known
};

/// What a training step takes: `omniq probe --json`.
struct Probe {
  std::string device;     // its name
  std::string precision;  // "float32", "bfloat16", "float16"
  ParameterCount parameters;
  Timing step;                      // of one optimiser step, without waiting for clips
  std::optional<DeviceMemory> gpu;  // nothing on the CPU
  /// On the CPU: how much the process's resident memory grew at its largest, model included.
  std::optional<std::int64_t> resident_growth;
  std::int64_t classes = 0, clips = 0;          // of the training list
  std::int64_t steps_per_epoch = 0, steps = 0;  // of the whole run
};

std::string to_line(const Progress& progress);
std::string to_text(const Probe& probe);
/// Of every command that fails, with --json.
std::string to_text(const Error& error, int exit_code);

/// Nothing where the text is something else.
std::optional<Progress> parse_progress(const std::string& line);
std::optional<Probe> parse_probe(const std::string& text);
std::optional<Error> parse_error(const std::string& text);

}  // namespace omniq::run
