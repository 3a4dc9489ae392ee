// omniq: train, evaluate and try video classifiers from the command line.
#include <c10/util/Exception.h>

#include <iostream>
#include <new>

#include "app/omniq/command.h"
#include "app/omniq/signals.h"
#include "app/output.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/model/device.h"

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

namespace {

constexpr const char* kLower = "Lower eval.batch_size, train.batch_size, frames or size.";

int report(const CommandLine& line, const Error& error) {
  std::cerr << "error: " << shown(error.message) << "\n";
  if (!error.hint.empty()) {
    for (const std::string& hint : split(error.hint, '\n')) std::cerr << shown(hint) << "\n";
  }
  const int code = exit_code(error.code);
  if (line.json)
    print_json(
        {{"error", {{"exit_code", code}, {"message", error.message}, {"hint", error.hint}}}});
  return code;
}

int run(int argc, char** argv) {
  ArgumentParser parser("omniq", "Trains, evaluates and compares compact video classifiers.");
  parser.version(cat("omniq ", kVersion));
  CommandLine line{parser, {}, false};
  for (auto* add :
       {add_demo_data, add_data, add_probe, add_train, add_resume, add_pause, add_stop, add_eval,
        add_predict, add_frames, add_features, add_runs, add_config, add_doctor, add_bench}) {
    add(line);
  }
  if (const auto code = parser.parse(argc, argv)) return *code;
  try {
    const Result<int> done = line.action();
    return done ? *done : report(line, done.error());
  } catch (const std::bad_alloc&) {
    return report(line, {ErrorCode::io, "Memory ran out.", kLower});
  } catch (const c10::Error& e) {  // libtorch: its message without the stack of the library
    if (const auto memory = model::out_of_memory(e)) {
      return report(line,
                    {ErrorCode::io,
                     cat("The ", memory->gpu ? "GPU's" : "machine's", " memory ran out."), kLower});
    }
    return report(line, {ErrorCode::io,
                         cat("Something failed inside the engine: ",
                             split(e.what_without_backtrace(), '\n').front()),
                         "Please report this."});
  } catch (const std::exception& e) {
    return report(line, {ErrorCode::io,
                         cat("Something failed inside the engine: ", split(e.what(), '\n').front()),
                         "Please report this."});
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
