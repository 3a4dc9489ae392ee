// What every command of `omniq` has: a place in the command line, an exit code, JSON or text as
// output.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "app/argument_parser.h"
#include "core/base/result.h"

namespace omniq::app {

enum ExitCode { kDone = 0, kOther = 1, kUsage = 2, kData = 3, kPaused = 4 };

/// What the chosen command does once the command line is read: its exit code, or the error to
/// report.
using Action = std::function<Result<int>()>;

struct CommandLine {
  ArgumentParser& parser;
  Action action;
  bool json = false;
  bool progress = false;  // as lines for a program
};

/// The exit code that an error means.
int exit_code(ErrorCode code);

/// One JSON document on stdout.
void print_json(const nlohmann::ordered_json& json);

// One function a command adds it to the command line.
void add_probe(CommandLine& line);
void add_train(CommandLine& line);
void add_resume(CommandLine& line);
void add_pause(CommandLine& line);
void add_stop(CommandLine& line);
void add_eval(CommandLine& line);
void add_predict(CommandLine& line);
void add_frames(CommandLine& line);
void add_features(CommandLine& line);
void add_text(CommandLine& line);
void add_data(CommandLine& line);
void add_demo_data(CommandLine& line);
void add_runs(CommandLine& line);
void add_config(CommandLine& line);
void add_doctor(CommandLine& line);
void add_bench(CommandLine& line);

/// A command that stores `action` when it is chosen, with --json.
Command add_command(CommandLine& line, const std::string& name, const std::string& help,
                    Action action);
/// For what takes its time: --progress, which its ProgressBar is given.
void add_progress(CommandLine& line, Command& command);

}  // namespace omniq::app
