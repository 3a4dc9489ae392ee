// A line that shows how far something is: redrawn in place on a terminal, now and then a plain line
// in a pipe, and for a program that asks for it a line of JSON (run/progress.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace omniq::app {

class ProgressBar {
 public:
  ProgressBar(std::string what, bool as_json);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `seconds_left` negative: estimated from the progress itself.
  void show(std::int64_t done, std::int64_t total, const std::string& detail = "",
            double seconds_left = -1);
  /// Removes the bar; the next show() draws it again.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void draw() const;

  std::string what_, line_;
  bool json_, terminal_;
  bool drawn_ = false;
  Clock::time_point start_, last_;
};

}  // namespace omniq::app
