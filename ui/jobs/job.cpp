#include "ui/jobs/job.h"

#include "ui/engine/engine.h"

namespace omniq::ui {

int Job::renew() {
  const std::lock_guard lock(mutex_);
  stop_.request_stop();
  stop_ = {};
  return ++ticket_;
}

void Job::stop() {
  const std::lock_guard lock(mutex_);
  stop_.request_stop();
}

void Job::perform(int ticket, const std::string& if_memory, const Work& work) {
  const auto wanted = [&] {
    const std::lock_guard lock(mutex_);
    return ticket == ticket_ ? std::optional(stop_.get_token()) : std::nullopt;
  };
  const auto stop = wanted();
  if (!stop) return;
  const Status done = [&]() -> Status {
    try {
      return work(*stop);
    } catch (const std::exception& thrown) {
      OMNIQ_ASSIGN(Engine * engine, engine());
      return tl::unexpected(engine->error_of(thrown, if_memory));
    }
  }();
  if (done || !wanted()) return;
  if (done.error().code == ErrorCode::stopped) {
    Q_EMIT stopped(ticket);
  } else {
    Q_EMIT failed(ticket, done.error());
  }
}

}  // namespace omniq::ui
