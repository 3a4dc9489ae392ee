#include "core/run/heartbeat.h"

#include <unistd.h>

#include <chrono>

#include "core/base/log.h"

namespace omniq::run {

Heartbeat::Heartbeat(const RunFolder& folder, RunStatus status)
    : folder_(folder), status_(std::move(status)) {
  status_.state = RunState::running;
  status_.pid = ::getpid();
  status_.host = host_name();
  status_.reason.clear();
  update([](RunStatus&) {}, /*now=*/true);
  thread_ = std::jthread([this](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, std::chrono::seconds(10), [] { return false; }) &&
           !stop.stop_requested()) {
      if (auto written = write(); !written) log::warning(written.error().text());
    }
  });
}

Heartbeat::~Heartbeat() {
  if (!finished_)
    (void)finish(RunState::failed, "The run ended by an unexpected error; see log.txt.");
}

void Heartbeat::update(const std::function<void(RunStatus&)>& change, bool now) {
  const std::lock_guard lock(mutex_);
  change(status_);
  if (!now) return;
  if (auto written = write(); !written) log::warning(written.error().text());
}

Status Heartbeat::finish(RunState state, const std::string& reason) {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  finished_ = true;
  const std::lock_guard lock(mutex_);
  status_.state = state;
  status_.reason = reason;
  return write();
}

Status Heartbeat::write() {
  status_.heartbeat = now_seconds();
  return folder_.write_status(status_);
}

}  // namespace omniq::run
