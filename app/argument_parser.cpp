#include "app/argument_parser.h"

#include <CLI/CLI.hpp>
#include <iostream>
#include <sstream>
#include <utility>

#include "core/base/text.h"

namespace omniq::app {

Command& Command::required(const std::string& name, std::string& value, const std::string& help) {
  app_->add_option(name, value, help)->required();
  return *this;
}

Command& Command::required(const std::string& name, std::vector<std::string>& values,
                           const std::string& help) {
  app_->add_option(name, values, help)->required();
  return *this;
}

Command& Command::option(const std::string& name, std::string& value, const std::string& help) {
  CLI::Option* option = app_->add_option(name, value, help);
  if (!value.empty()) option->capture_default_str();
  return *this;
}

Command& Command::option(const std::string& name, std::vector<std::string>& values,
                         const std::string& help) {
  app_->add_option(name, values, help);
  return *this;
}

Command& Command::option(const std::string& name, std::uint64_t& value, const std::string& help) {
  app_->add_option(name, value, help)->capture_default_str();
  return *this;
}

Command& Command::option(const std::string& name, std::int64_t& value, const std::string& help,
                         const Range& range) {
  app_->add_option(name, value, help)
      ->check(CLI::Range(range.lowest, range.highest))
      ->capture_default_str();
  return *this;
}

Command& Command::option(const std::string& name, std::optional<std::int64_t>& value,
                         const std::string& help, const Range& range) {
  app_->add_option_function<std::int64_t>(
          name, [&value](std::int64_t given) { value = given; }, help)
      ->check(CLI::Range(range.lowest, range.highest));
  return *this;
}

Command& Command::flag(const std::string& name, bool& value, const std::string& help) {
  app_->add_flag(name, value, help);
  return *this;
}

Command& Command::words(std::vector<std::string>& words) {
  app_->prefix_command();
  app_->set_help_flag();
  app_->parse_complete_callback([app = app_, &words] { words = app->remaining(); });
  return *this;
}

Command& Command::footer(const std::string& text) {
  app_->footer(text);
  return *this;
}

ArgumentParser::ArgumentParser(const std::string& program, const std::string& description)
    : app_(std::make_unique<CLI::App>(description, program)) {
  app_->require_subcommand(1);
  app_->get_formatter()->column_width(34);
}

ArgumentParser::~ArgumentParser() = default;

void ArgumentParser::version(const std::string& text) { app_->set_version_flag("--version", text); }

Command ArgumentParser::command(const std::string& name, const std::string& help,
                                std::function<void()> chosen) {
  CLI::App* command = app_->add_subcommand(name, help);
  command->callback(std::move(chosen));
  return Command(*command);
}

std::optional<int> ArgumentParser::parse(int argc, char** argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    constexpr int kUsage = 2;
    // What it says of wrong words repeats them.
    std::ostringstream out, err;
    const int code = app_->exit(error, out, err);
    std::cout << out.str();
    for (const std::string& line : split(trim(err.str()), '\n')) std::cerr << shown(line) << "\n";
    return code == 0 ? 0 : kUsage;
  }
  return {};
}

}  // namespace omniq::app
