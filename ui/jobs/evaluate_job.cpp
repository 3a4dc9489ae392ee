#include "ui/jobs/evaluate_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/engine_failure.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {

EvaluateJob::~EvaluateJob() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void EvaluateJob::evaluate(const QStringList& runs) {
  for (const QString& run : runs) {
    if (!queue_.contains(run)) queue_.append(run);
  }
  if (!active() && !queue_.isEmpty()) next();
}

void EvaluateJob::stop() {
  queue_.clear();
  thread_.request_stop();
}

void EvaluateJob::next() {
  const QString run = queue_.takeFirst();
  Q_EMIT started(run);
  thread_ = std::jthread([this, run](std::stop_token stop) {
    ReportPace pace;
    pace.start();
    const auto tell = [&](const std::string& phase, std::int64_t done, std::int64_t total) {
      if (pace.due(done, total)) Q_EMIT progress(phase == "clips", done, total);
    };
    Status status;
    try {
      status = engine().and_then(
          [&](Engine* engine) { return engine->evaluate(to_path(run), tell, stop); });
    } catch (const std::exception& e) {
      status = engine_failure(
          e, "If memory ran out, take fewer clips at a time: omniq eval RUN eval.batch_size=1.");
    }
    QMetaObject::invokeMethod(this, [this, run, status] {
      thread_.join();
      if (status) {
        Q_EMIT evaluated(run);
      } else if (status.error().code != ErrorCode::stopped) {
        Q_EMIT failed(run, status.error());
      }
      if (queue_.isEmpty()) {
        Q_EMIT finished();
      } else {
        next();
      }
    });
  });
}

}  // namespace omniq::ui
