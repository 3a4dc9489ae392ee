#include "app/omniq/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "core/base/log.h"

namespace omniq::app {
namespace {

struct Sources {
  std::stop_source stop, stop_now;
};
Sources& sources() {
  static Sources s;
  return s;
}

}  // namespace

void watch_signals() {
  sources();
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGQUIT);
  // Blocked here, so in every thread that is started from here; one thread waits for them.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([set] {
    int number = 0;
    ::sigwait(&set, &number);
    if (number != SIGQUIT) {
      sources().stop.request_stop();
      log::info("Stopping: the state is saved first. Once more stops without saving.");
      ::sigwait(&set, &number);
    }
    // First, so that nothing that the other stops begins to save.
    sources().stop_now.request_stop();
    sources().stop.request_stop();
    log::info("Stopping without saving. Once more ends at once.");
    ::sigwait(&set, &number);
    ::_exit(128 + number);
  }).detach();
}

std::stop_token stop_token() { return sources().stop.get_token(); }

std::stop_token stop_now_token() { return sources().stop_now.get_token(); }

}  // namespace omniq::app
