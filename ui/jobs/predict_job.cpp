#include "ui/jobs/predict_job.h"

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
namespace {
constexpr int kMoments = 24;
}

void PredictJob::classify(const QString& run, const QString& video, int ticket) {
  if (ticket != wanted_) return;
  const Status status = [&]() -> Status {
    try {
      return work(run, video, ticket);
    } catch (const std::exception& e) {
      return fail(ErrorCode::io,
                  cat("Something failed inside the engine: ", split(e.what(), '\n').front()),
                  "If memory ran out, close other programs or choose a smaller model.");
    }
  }();
  if (status) {
    Q_EMIT done(ticket);
  } else if (status.error().code != ErrorCode::stopped) {
    Q_EMIT failed(ticket, status.error());
  }
}

Status PredictJob::work(const QString& run, const QString& video, int ticket) {
  if (!classifier_ || run != run_) {
    Q_EMIT loading(ticket);
    classifier_.reset();  // its memory is needed for the next one
    OMNIQ_ASSIGN(classifier_, Classifier::open(to_path(run)));
    run_ = run;
    classes_.clear();
    for (const std::string& name : classifier_->classes()) classes_.append(to_qt(name));
  }
  OMNIQ_ASSIGN(const Answer answer, classifier_->classify(to_path(video)));
  if (ticket != wanted_) return {};
  Q_EMIT answered(ticket, answer);
  std::stop_source stop;
  return classifier_->follow(
      to_path(video), kMoments,
      [&](std::int64_t frame, const std::vector<double>& probabilities) {
        if (ticket != wanted_) stop.request_stop();
        Q_EMIT moment(ticket, frame, classes_, {probabilities.begin(), probabilities.end()});
      },
      stop.get_token());
}

}  // namespace omniq::ui
