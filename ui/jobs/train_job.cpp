#include "ui/jobs/train_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/engine_failure.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {
namespace {

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

TrainJob::~TrainJob() {
  pause();
  if (thread_.joinable()) thread_.join();
}

void TrainJob::start(const config::Experiment& experiment, const QString& demo_data, bool force) {
  launch([this, experiment = config::Experiment(experiment), demo_data,
          force](std::stop_token stop) mutable -> Result<train::TrainOutcome> {
    OMNIQ_ASSIGN(Engine* const engine, ui::engine());
    if (!demo_data.isEmpty()) {
      OMNIQ_TRY(engine->generate_demo(
          to_path(demo_data), {},
          [this](std::int64_t done, std::int64_t total) { Q_EMIT demo_progress(done, total); },
          stop));
    }
    if (const Status ready = engine->prepare(experiment, force); !ready) {
      if (!force && engine->prepare(experiment, /*force=*/true)) too_large_ = experiment;
      return tl::unexpected(ready.error());
    }
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::create(experiment));
    return train_in(folder, experiment, stop);
  });
}

void TrainJob::resume(const QString& run) {
  launch([this, run](std::stop_token stop) -> Result<train::TrainOutcome> {
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(to_path(run)));
    OMNIQ_ASSIGN(const config::Experiment experiment, folder.experiment());
    return train_in(folder, experiment, stop);
  });
}

void TrainJob::pause() {
  if (thread_.joinable()) thread_.request_stop();
}

void TrainJob::stop_now() {
  stop_now_.request_stop();
  pause();  // also of what comes before the training
}

Result<train::TrainOutcome> TrainJob::train_in(const run::RunFolder& folder,
                                               const config::Experiment& experiment,
                                               std::stop_token stop) {
  OMNIQ_ASSIGN(Engine* const engine, ui::engine());
  const QString path = to_qt(folder.path().string());
  QMetaObject::invokeMethod(this, [this, path] {
    run_ = path;
    Q_EMIT started(path);
  });
  Reporter reporter(*this);
  return engine->train(experiment, folder, reporter, stop, stop_now_.get_token());
}

void TrainJob::launch(Work work) {
  Q_ASSERT(!active_);
  if (thread_.joinable()) thread_.join();  // of the job before, which has ended
  active_ = true;
  run_.clear();
  too_large_.reset();
  stop_now_ = {};
  thread_ = std::jthread([this, work = std::move(work)](std::stop_token stop) {
    Result<train::TrainOutcome> outcome = [&]() -> Result<train::TrainOutcome> {
      try {
        return work(stop);
      } catch (const std::exception& e) {
        return engine_failure(e, "If memory ran out, lower train.batch_size or eval.batch_size.");
      }
    }();
    QMetaObject::invokeMethod(this, [this, outcome = std::move(outcome)] {
      active_ = false;
      if (outcome) {
        Q_EMIT finished(run_, *outcome);
      } else if (too_large_) {
        Q_EMIT too_large(*too_large_, outcome.error());
      } else {
        Q_EMIT failed(run_, outcome.error());
      }
    });
  });
}

}  // namespace omniq::ui
