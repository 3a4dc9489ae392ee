// Commands and their options on a command line. CLI11 stands behind them: its headers take ten
// seconds in every file that sees them, so that one file does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace omniq::app {

struct Range {
  std::int64_t lowest, highest;
};

/// A command under construction. Values stay where they are and are filled when the words are read;
/// what they hold before is the default, which the help shows. A name without dashes is a word at
/// its place.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  Command& required(const std::string& name, std::string& value, const std::string& help);
  Command& required(const std::string& name, std::vector<std::string>& values,
                    const std::string& help);
  Command& option(const std::string& name, std::string& value, const std::string& help);
  Command& option(const std::string& name, std::vector<std::string>& values,
                  const std::string& help);
  Command& option(const std::string& name, std::uint64_t& value, const std::string& help);
  Command& option(const std::string& name, std::int64_t& value, const std::string& help,
                  const Range& range);
  Command& option(const std::string& name, std::optional<std::int64_t>& value,
                  const std::string& help, const Range& range);
  Command& flag(const std::string& name, bool& value, const std::string& help);
  /// Takes all words that follow as they are, --help too.
  Command& words(std::vector<std::string>& words);
  /// What the help ends with.
  Command& footer(const std::string& text);

 private:
  CLI::App* app_;
};

class ArgumentParser {
 public:
  ArgumentParser(const std::string& program, const std::string& description);
  ~ArgumentParser();

  /// --version prints it.
  void version(const std::string& text);
  /// `chosen` is called by parse() when the words name this command. One must be named.
  Command command(const std::string& name, const std::string& help, std::function<void()> chosen);
  /// Nothing, or the exit code to end with: 0 when help was asked for, 2 when the words are wrong.
  /// Either is printed.
  std::optional<int> parse(int argc, char** argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace omniq::app
