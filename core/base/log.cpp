#include "core/base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <utility>

#include "core/base/text.h"

namespace omniq::log {
namespace {

struct State {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> console = [] {
    auto logger = std::make_shared<spdlog::logger>(
        "console", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    return logger;
  }();
  std::map<std::string, std::shared_ptr<spdlog::logger>> files;
  std::function<void()> before, after;
  bool console_lost = false;
};

State& state() {
  static State s;
  return s;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void write_to_files(State& s, Level level, const std::string& message) {
  for (auto& [path, logger] : s.files) logger->log(to_spdlog(level), "{}", message);
}

}  // namespace

void write(Level level, const std::string& text) {
  const std::string message = shown(text);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const auto spd = to_spdlog(level);
  if (s.console->should_log(spd)) {
    if (s.before) s.before();
    const char* prefix = level == Level::warning ? "warning: "
                         : level == Level::error ? "error: "
                                                 : "";
    s.console->log(spd, "{}{}", prefix, message);
    if (s.after) s.after();
  }
  // A reader that has gone, or a full disk, ends no training; what is said goes on in the files.
  if (std::ferror(stderr) != 0 && !s.files.empty() && !std::exchange(s.console_lost, true))
    write_to_files(s, Level::warning,
                   "stderr cannot be written any more: what follows stands here alone.");
  write_to_files(s, level, message);
}

void record(Level level, const std::string& text) {
  const std::lock_guard lock(state().mutex);
  write_to_files(state(), level, shown(text));
}

void set_console_level(Level level) {
  const std::lock_guard lock(state().mutex);
  state().console->set_level(to_spdlog(level));
}

void set_console_hooks(std::function<void()> before, std::function<void()> after) {
  const std::lock_guard lock(state().mutex);
  state().before = std::move(before);
  state().after = std::move(after);
}

FileSink::FileSink(const std::string& path) : path_(path) {
  auto logger = std::make_shared<spdlog::logger>(
      path, std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
  logger->set_pattern("%Y-%m-%d %H:%M:%S %l %v");
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);
  const std::lock_guard lock(state().mutex);
  state().files[path_] = std::move(logger);
}

FileSink::~FileSink() {
  const std::lock_guard lock(state().mutex);
  state().files.erase(path_);
}

}  // namespace omniq::log
