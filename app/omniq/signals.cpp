#include "app/omniq/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "core/base/log.h"

namespace omniq::app {
namespace {

struct State {
  std::mutex mutex;
  Stoppable* stoppable = nullptr;
};
State& state() {
  static State s;
  return s;
}

sigset_t watched() {
  sigset_t set;
  ::sigemptyset(&set);
  // What was ignored before stays so: nohup, and a script's jobs in the background.
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    struct sigaction before {};
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
      ::sigaddset(&set, signal);
  }
  return set;
}

/// As if nobody had watched: whoever waits for the process sees which signal it was.
void die(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
}

}  // namespace

void watch_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  state();
  const sigset_t set = watched();
  // Blocked here, so in every thread that is started from here; one thread waits for them.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([set] {
    for (int signal = 0;;) {
      ::sigwait(&set, &signal);
      std::string notice;
      {
        const std::lock_guard lock(state().mutex);
        if (!state().stoppable) die(signal);
        notice = state().stoppable->take(signal);
      }
      // It waits where stderr stands still; the next signal does not.
      std::thread([notice] { log::info(notice); }).detach();
    }
  }).detach();
}

void unwatch_signals() {
  const sigset_t set = watched();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
}

Stoppable::Stoppable(bool saves) : saves_(saves) {
  const std::lock_guard lock(state().mutex);
  state().stoppable = this;
}

Stoppable::~Stoppable() {
  const std::lock_guard lock(state().mutex);
  state().stoppable = nullptr;
}

std::string Stoppable::take(int signal) {
  const bool again = stop_.stop_requested();
  if (stop_now_.stop_requested() || (again && !saves_)) die(signal);
  if (signal != SIGQUIT && !again) {
    stop_.request_stop();
    return saves_ ? "Stopping: the state is saved first. Once more stops without saving."
                  : "Stopping. Once more ends at once.";
  }
  // First, so that nothing that the other stops begins to save.
  stop_now_.request_stop();
  stop_.request_stop();
  return "Stopping without saving. Once more ends at once.";
}

}  // namespace omniq::app
