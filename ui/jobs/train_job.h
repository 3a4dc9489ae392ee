// Trains one run on a thread of its own.
#pragma once

#include <QMetaType>
#include <QObject>
#include <QString>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "core/config/experiment.h"
#include "core/train/trainer.h"

namespace omniq::ui {

/// Parameters in, signals out; its thread ends before it does. One job at a time.
class TrainJob : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  ~TrainJob() override;

  /// Starts a new run. `demo_data`: where the demo videos are made first; empty: not at all.
  /// `force`: also where the estimate says that memory will not suffice.
  void start(const config::Experiment& experiment, const QString& demo_data = {},
             bool force = false);
  /// Goes on with a run that was paused or interrupted.
  void resume(const QString& run);
  /// Asks for the state to be saved; finished() with `paused` follows.
  void pause();
  /// Ends at the next step without saving; finished() with `paused` at the last checkpoint follows.
  void stop_now();

  bool active() const { return active_; }
  /// The folder of the run, once there is one.
  const QString& run() const { return run_; }

 Q_SIGNALS:
  void started(const QString& run);
  void demo_progress(qint64 done, qint64 total);
  void progress(const omniq::train::Progress& progress);
  /// What was logged, at once; it is in the run folder too.
  void metrics(const omniq::run::MetricsRow& row);
  void finished(const QString& run, const omniq::train::TrainOutcome& outcome);
  void failed(const QString& run, const omniq::Error& error);
  /// Instead of failed(): nothing but the estimate of memory spoke against this start.
  void too_large(const omniq::config::Experiment& experiment, const omniq::Error& error);

 private:
  using Work = std::function<Result<train::TrainOutcome>(std::stop_token)>;
  void launch(Work work);
  Result<train::TrainOutcome> train_in(const run::RunFolder& folder,
                                       const config::Experiment& experiment, std::stop_token stop);

  bool active_ = false;
  QString run_;
  std::optional<config::Experiment> too_large_;  // written by the job's thread before it ends
  std::stop_source stop_now_;
  std::jthread thread_;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::train::Progress)
