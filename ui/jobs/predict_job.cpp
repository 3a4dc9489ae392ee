#include "ui/jobs/predict_job.h"

#include <QElapsedTimer>

#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {
namespace {
constexpr int kMoments = 60;
constexpr const char* kSmaller = "Close other programs or choose a smaller model.";
}  // namespace

void PredictJob::classify(const ModelChoice& model, const QString& video, int ticket) {
  perform(ticket, kSmaller, [&](const std::stop_token& stop) -> Status {
    OMNIQ_TRY(load(model, ticket));
    OMNIQ_ASSIGN(const Answer answer, classifier_->classify(to_path(video)));
    if (stop.stop_requested()) return {};
    Q_EMIT answered(ticket, answer);
    const auto tell = [&](std::int64_t frame, const std::vector<double>& probabilities) {
      Q_EMIT moment(ticket, frame, classes_, {probabilities.begin(), probabilities.end()});
    };
    OMNIQ_TRY(classifier_->follow(to_path(video), kMoments, tell, stop));
    Q_EMIT done(ticket);
    return {};
  });
}

void PredictJob::start_live(const ModelChoice& model, qint64 window, int ticket) {
  perform(ticket, kSmaller, [&](const std::stop_token&) -> Status {
    OMNIQ_TRY(load(model, ticket));
    classifier_->start_live(window);
    Q_EMIT live_ready(ticket, classes_);
    return {};
  });
}

void PredictJob::look(const QImage& picture, int ticket) {
  perform(ticket, kSmaller, [&](const std::stop_token&) -> Status {
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

}  // namespace omniq::ui
