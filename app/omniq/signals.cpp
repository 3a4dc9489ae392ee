#include "app/omniq/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "core/base/log.h"

namespace omniq::app {
namespace {

std::stop_source& source() {
  static std::stop_source s;
  return s;
}

}  // namespace

void watch_signals() {
  source();
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  // Blocked here, so in every thread that is started from here; one thread waits for them.
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::thread([set] {
    int number = 0;
    ::sigwait(&set, &number);
    source().request_stop();
    log::info("Stopping: the state is saved first. Once more ends at once.");
    ::sigwait(&set, &number);
    ::_exit(128 + number);
  }).detach();
}

std::stop_token stop_token() { return source().get_token(); }

}  // namespace omniq::app
