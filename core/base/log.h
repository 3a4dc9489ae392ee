// Logging. Messages go to stderr and, while a run is open, to its log.txt. Only log.cpp knows
// spdlog, whose fmt clashes with the one that torch carries.
#pragma once

#include <functional>
#include <string>

namespace omniq::log {

enum class Level { debug, info, warning, error };

/// A message is one line: what would end or tear it is written as shown() does (base/text.h).
void write(Level level, const std::string& message);
inline void debug(const std::string& message) { write(Level::debug, message); }
inline void info(const std::string& message) { write(Level::info, message); }
inline void warning(const std::string& message) { write(Level::warning, message); }
inline void error(const std::string& message) { write(Level::error, message); }

/// To the files alone: what the caller is told as well, and says himself.
void record(Level level, const std::string& message);

/// The least level that reaches stderr (the default is info). A file gets everything.
void set_console_level(Level level);

/// Called before and after a line is written to stderr, so that a progress bar can make room for
/// it.
void set_console_hooks(std::function<void()> before, std::function<void()> after);

/// While it lives, messages are appended to `path` as well, each with its time.
class FileSink {
 public:
  explicit FileSink(const std::string& path);
  ~FileSink();
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

 private:
  std::string path_;
};

}  // namespace omniq::log
