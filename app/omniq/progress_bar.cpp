#include "app/omniq/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/run/printed.h"

namespace omniq::app {
namespace {
constexpr auto kRedraw = std::chrono::milliseconds(100);
constexpr auto kPlainLine = std::chrono::seconds(5);
constexpr int kBarWidth = 24;

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
}  // namespace

ProgressBar::ProgressBar(std::string what, bool as_json)
    : what_(std::move(what)),
      json_(as_json),
      terminal_(!json_ && ::isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      last_(json_ ? Clock::time_point() : start_) {
  if (terminal_) {
    log::set_console_hooks(
        [this] {
          if (drawn_) std::cerr << "\r\033[K";
        },
        [this] {
          if (drawn_) draw();
        });
  }
}

ProgressBar::~ProgressBar() {
  log::set_console_hooks({}, {});
  clear();
}

void ProgressBar::show(std::int64_t done, std::int64_t total, const std::string& detail,
                       double seconds_left) {
  const auto now = Clock::now();
  const bool often = json_ || terminal_;
  if (now - last_ < (often ? kRedraw : Clock::duration(kPlainLine)) && !(done == total && often))
    return;
  last_ = now;
  const double share =
      total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 0;
  const double spent = std::chrono::duration<double>(now - start_).count();
  if (seconds_left < 0 && share > 0) seconds_left = spent / share - spent;
  if (json_) {
    std::cerr << run::to_line({what_, done, total, seconds_left}) + "\n" << std::flush;
    return;
  }
  const std::string left = seconds_left >= 0 ? human_seconds(seconds_left) + " left" : "";
  const std::string percent = fixed(100 * share, 0) + " %";
  if (!terminal_) {
    log::info(cat(what_, " ", percent, detail.empty() ? "" : "  " + detail,
                  left.empty() ? "" : "  " + left));
    return;
  }
  const int full = static_cast<int>(share * kBarWidth + 0.5);
  line_ = cat(what_, " [", std::string(full, '='), std::string(kBarWidth - full, ' '), "] ",
              percent, "  ", detail, "  ", left);
  drawn_ = true;
  draw();
}

void ProgressBar::draw() const {
  std::cerr << "\r\033[K" << line_.substr(0, terminal_width() - 1) << std::flush;
}

void ProgressBar::clear() {
  if (drawn_) std::cerr << "\r\033[K" << std::flush;
  drawn_ = false;
}

}  // namespace omniq::app
