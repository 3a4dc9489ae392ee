#include "ui/jobs/predict_job.h"

#include <QElapsedTimer>

#include "core/base/text.h"
#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {
namespace {
constexpr int kMoments = 60;
}

void PredictJob::classify(const ModelChoice& model, const QString& video, int ticket) {
  guarded(ticket, [&]() -> Status {
    OMNIQ_TRY(load(model, ticket));
    OMNIQ_ASSIGN(const Answer answer, classifier_->classify(to_path(video)));
    if (ticket != wanted_) return {};
    Q_EMIT answered(ticket, answer);
    OMNIQ_TRY(follow(video, ticket));
    Q_EMIT done(ticket);
    return {};
  });
}

Status PredictJob::follow(const QString& video, int ticket) {
  std::stop_source stop;
  return classifier_->follow(
      to_path(video), kMoments,
      [&](std::int64_t frame, const std::vector<double>& probabilities) {
        if (ticket != wanted_) stop.request_stop();
        Q_EMIT moment(ticket, frame, classes_, {probabilities.begin(), probabilities.end()});
      },
      stop.get_token());
}

void PredictJob::start_live(const ModelChoice& model, qint64 window, int ticket) {
  guarded(ticket, [&]() -> Status {
    OMNIQ_TRY(load(model, ticket));
    classifier_->start_live(window);
    Q_EMIT live_ready(ticket, classes_);
    return {};
  });
}

void PredictJob::look(const QImage& picture, int ticket) {
  guarded(ticket, [&]() -> Status {
    QElapsedTimer clock;
    clock.start();
    const auto line = static_cast<std::size_t>(picture.width()) * 3;
    std::vector<std::uint8_t> rgb(line * picture.height());
    for (int y = 0; y < picture.height(); ++y)  // an image's rows are padded to four bytes
      std::copy_n(picture.constScanLine(y), line, rgb.data() + line * y);
    OMNIQ_ASSIGN(const std::vector<double> p,
                 classifier_->look(rgb.data(), picture.height(), picture.width()));
    Q_EMIT looked(ticket, {p.begin(), p.end()}, static_cast<double>(clock.nsecsElapsed()) / 1e6);
    return {};
  });
}

Status PredictJob::load(const ModelChoice& model, int ticket) {
  if (classifier_ && model == loaded_) return {};
  Q_EMIT loading(ticket);
  classifier_.reset();  // its memory is needed for the next one
  std::vector<std::string> settings;
  for (const QString& setting : model.settings) settings.push_back(to_std(setting));
  OMNIQ_ASSIGN(Engine* const engine, ui::engine());
  OMNIQ_ASSIGN(classifier_, engine->open_classifier(to_path(model.run), settings));
  loaded_ = model;
  classes_.clear();
  for (const std::string& name : classifier_->classes()) classes_.append(to_qt(name));
  return {};
}

void PredictJob::guarded(int ticket, const std::function<Status()>& work) {
  if (ticket != wanted_) return;
  const Status status = [&]() -> Status {
    try {
      return work();
    } catch (const std::exception& e) {
      const QString said = to_qt(split(e.what(), '\n').front());
      return fail(ErrorCode::io, to_std(tr("Something failed inside the engine: %1").arg(said)),
                  to_std(tr("If memory ran out, close other programs or choose a smaller model.")));
    }
  }();
  if (!status && status.error().code != ErrorCode::stopped) Q_EMIT failed(ticket, status.error());
}

}  // namespace omniq::ui
