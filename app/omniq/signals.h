// What Ctrl-C, Ctrl-\, SIGTERM and SIGHUP do: they end a command at once, unless it has something
// to save.
#pragma once

#include <stop_token>
#include <string>

namespace omniq::app {

/// From now on a Stoppable decides what signals do, and a reader that goes away (SIGPIPE) is an
/// error of the write. Call before any thread is started. SIGHUP stays ignored where it is (nohup).
void watch_signals();

/// As before watch_signals(): for the program that this one becomes.
void unwatch_signals();

/// While it lives, SIGINT, SIGTERM and SIGHUP request a stop instead of ending the process. What
/// `saves` is given time for it: a second one, or SIGQUIT, requests a stop without saving. One more
/// ends the process. One at a time.
class Stoppable {
 public:
  explicit Stoppable(bool saves);
  ~Stoppable();
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;

  std::stop_token token() const { return stop_.get_token(); }
  std::stop_token now_token() const { return stop_now_.get_token(); }

  /// Does what the signal asks for; returns what to tell of it. For the thread that waits for them.
  std::string take(int signal);

 private:
  const bool saves_;
  std::stop_source stop_, stop_now_;
};

}  // namespace omniq::app
