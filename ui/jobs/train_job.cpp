#include "ui/jobs/train_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {
namespace {

constexpr const char* kSmaller = "Lower train.batch_size or eval.batch_size.";

class Reporter : public train::Observer {
 public:
  explicit Reporter(TrainJob& job) : job_(job) { pace_.start(); }
  void on_progress(const train::Progress& progress) override {
    if (pace_.due(progress.step, progress.steps)) Q_EMIT job_.progress(progress);
  }
  void on_metrics(const run::MetricsRow& row) override { Q_EMIT job_.metrics(row); }

 private:
  TrainJob& job_;
  ReportPace pace_;
};

}  // namespace

void TrainJob::start(config::Experiment experiment, const QString& demo_data, bool force,
                     const std::stop_token& stop_now, int ticket) {
  perform(ticket, kSmaller, [&](const std::stop_token& stop) -> Status {
    OMNIQ_ASSIGN(Engine * engine, engine());
    if (!demo_data.isEmpty()) {
      OMNIQ_TRY(engine->generate_demo(
          to_path(demo_data), {},
          [this](std::int64_t done, std::int64_t total) { Q_EMIT demo_progress(done, total); },
          stop));
    }
    if (const Status ready = engine->prepare(experiment, force); !ready) {
      if (force || !engine->prepare(experiment, /*force=*/true)) return ready;
      Q_EMIT too_large(experiment, ready.error());
      return {};
    }
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::create(experiment));
    return train_in(folder, experiment, stop, stop_now);
  });
}

void TrainJob::resume(const QString& path, const std::stop_token& stop_now, int ticket) {
  perform(ticket, kSmaller, [&](const std::stop_token& stop) -> Status {
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(to_path(path)));
    OMNIQ_ASSIGN(const config::Experiment experiment, folder.experiment());
    return train_in(folder, experiment, stop, stop_now);
  });
}

Status TrainJob::train_in(const run::RunFolder& folder, const config::Experiment& experiment,
                          const std::stop_token& stop, const std::stop_token& stop_now) {
  OMNIQ_ASSIGN(Engine * engine, engine());
  const QString path = to_qt(folder.path().string());
  Q_EMIT started(path);
  Reporter reporter(*this);
  OMNIQ_ASSIGN(const auto outcome, engine->train(experiment, folder, reporter, stop, stop_now));
  Q_EMIT finished(path, outcome);
  return {};
}

}  // namespace omniq::ui
