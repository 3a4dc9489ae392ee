// omniq: train, evaluate and try video classifiers from the command line.
#include <iostream>

#include "app/omniq/command.h"
#include "app/omniq/signals.h"
#include "app/output.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/model/device.h"
#include "core/run/printed.h"

namespace omniq::app {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage:
    case ErrorCode::config:
      return kUsage;
    case ErrorCode::data:
      return kData;
    case ErrorCode::stopped:
      return kPaused;
    case ErrorCode::checkpoint:
    case ErrorCode::io:
    case ErrorCode::numeric:
    case ErrorCode::memory:
    case ErrorCode::engine:
      return kOther;
  }
  return kOther;
}

void print_json(const nlohmann::ordered_json& json) {
  std::cout << json_text(json, 2) << std::endl;
}

Command add_command(CommandLine& line, const std::string& name, const std::string& help,
                    Action action) {
  Command command = line.parser.command(
      name, help, [&line, action = std::move(action)] { line.action = action; });
  command.flag("--json", line.json, "Print one JSON document on stdout");
  return command;
}

void add_progress(CommandLine& line, Command& command) {
  command.flag("--progress", line.progress, "Say on stderr how far it is as lines of JSON");
}

namespace {

constexpr const char* kLower = "Lower eval.batch_size, train.batch_size, frames or size.";

int report(const CommandLine& line, const Error& error) {
  std::cerr << "error: " << shown(error.message) << "\n";
  if (!error.hint.empty()) {
    for (const std::string& hint : split(error.hint, '\n')) std::cerr << shown(hint) << "\n";
  }
  const int code = exit_code(error.code);
  if (line.json) std::cout << run::to_text(error, code) << std::flush;
  return code;
}

int run(int argc, char** argv) {
  ArgumentParser parser("omniq", "Trains, evaluates and compares compact video classifiers.");
  parser.version(cat("omniq ", kVersion));
  CommandLine line{parser, {}};
  for (auto* add : {add_demo_data, add_data, add_probe, add_train, add_resume, add_pause, add_stop,
                    add_eval, add_predict, add_frames, add_features, add_text, add_runs, add_config,
                    add_doctor, add_bench}) {
    add(line);
  }
  if (const auto code = parser.parse(argc, argv)) return *code;
  try {
    const Result<int> done = line.action();
    return done ? *done : report(line, done.error());
  } catch (const std::exception& thrown) {
    return report(line, model::error_of(thrown, kLower));
  }
}

}  // namespace
}  // namespace omniq::app

int main(int argc, char** argv) {
  omniq::keep_freed_memory();
  omniq::app::watch_output();
  omniq::app::watch_signals();
  return omniq::app::finish_output(omniq::app::run(argc, argv));
}
