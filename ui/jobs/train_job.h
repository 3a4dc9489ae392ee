// Trains a run.
#pragma once

#include <QString>

#include "core/config/experiment.h"
#include "core/train/trainer.h"
#include "ui/jobs/job.h"

namespace omniq::ui {

/// stop() asks for the state to be saved; `stop_now` ends at the next step without. Of either,
/// finished() with `paused` follows once there is a run.
class TrainJob : public Job {
  Q_OBJECT
 public:
  /// Starts a new run. `demo_data`: where the demo videos are made first; empty: not at all.
  /// `force`: also where the estimate says that memory will not suffice.
  void start(config::Experiment experiment, const QString& demo_data, bool force,
             const std::stop_token& stop_now, int ticket);
  /// Goes on with a run that was paused or interrupted.
  void resume(const QString& run, const std::stop_token& stop_now, int ticket);

 Q_SIGNALS:
  void started(const QString& run);
  void demo_progress(qint64 done, qint64 total);
  void progress(const omniq::train::Progress& progress);
  /// What was logged, at once; it is in the run folder too.
  void metrics(const omniq::run::MetricsRow& row);
  void finished(const QString& run, const omniq::train::TrainOutcome& outcome);
  /// Instead of failed(): nothing but the estimate of memory spoke against this start.
  void too_large(const omniq::config::Experiment& experiment, const omniq::Error& error);

 private:
  Status train_in(const run::RunFolder& folder, const config::Experiment& experiment,
                  const std::stop_token& stop, const std::stop_token& stop_now);
};

}  // namespace omniq::ui
