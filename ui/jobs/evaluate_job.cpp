#include "ui/jobs/evaluate_job.h"

#include <QElapsedTimer>

#include "core/base/text.h"
#include "ui/base/text.h"
#include "ui/jobs/engine/evaluation.h"

namespace omniq::ui {

namespace {

constexpr qint64 kLeastInterval = 80;  // ms between reports: more than that nobody sees

}  // namespace

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
    QElapsedTimer since;
    since.start();
    const auto tell = [&](const std::string& phase, std::int64_t done, std::int64_t total) {
      if (since.elapsed() < kLeastInterval && done < total) return;
      since.restart();
      Q_EMIT progress(phase == "clips", done, total);
    };
    Status status;
    try {
      status = evaluate_folder(to_path(run), tell, stop);
    } catch (const std::exception& e) {  // out of memory, and what is broken in the engine
      status = fail(ErrorCode::io,
                    cat("Something failed inside the engine: ", split(e.what(), '\n').front()),
                    "If memory ran out, lower eval.batch_size in the run's config.yaml.");
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
