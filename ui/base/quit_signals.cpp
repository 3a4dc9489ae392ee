#include "ui/base/quit_signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace omniq::ui {
namespace {

constexpr int kSignals[] = {SIGHUP, SIGINT, SIGTERM};
volatile sig_atomic_t write_end = -1;

// All that may be done in a handler: what it means is for the event loop.
void pass_on(int signal) {
  const int before = errno;
  const auto byte = static_cast<char>(signal);
  [[maybe_unused]] const ssize_t done = ::write(write_end, &byte, 1);
  errno = before;
}

}  // namespace

QuitSignals::QuitSignals(QObject* parent) : QObject(parent) {
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) return;  // signals do what they always do
  write_end = pipe_[1];
  notifier_ = new QSocketNotifier(pipe_[0], QSocketNotifier::Read, this);
  connect(notifier_, &QSocketNotifier::activated, this, [this] {
    char byte = 0;
    if (::read(pipe_[0], &byte, 1) == 1) Q_EMIT asked(byte);
  });
  for (const int signal : kSignals) {
    struct sigaction now {
    }, wanted{};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == SIG_IGN) continue;  // nohup
    wanted.sa_handler = pass_on;
    wanted.sa_flags = SA_RESTART | SA_RESETHAND;
    ::sigaction(signal, &wanted, nullptr);
  }
}

QuitSignals::~QuitSignals() {
  for (const int signal : kSignals) {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == pass_on) ::signal(signal, SIG_DFL);
  }
  delete notifier_;
  for (const int fd : pipe_) {
    if (fd >= 0) ::close(fd);
  }
}

}  // namespace omniq::ui
