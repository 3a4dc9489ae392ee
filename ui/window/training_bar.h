// The training that this window does: a line in the status bar, and what to ask before closing.
#pragma once

#include <QWidget>

#include "core/run/control.h"
#include "ui/jobs/train_job.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace omniq::ui {

class TrainingBar : public QWidget {
  Q_OBJECT
 public:
  explicit TrainingBar(QWidget* parent = nullptr);

  const TrainJob& job() const { return *job_.worker(); }
  bool active() const { return active_; }
  /// The folder of the run, once there is one.
  const QString& run() const { return run_; }
  /// Each tells by failed() when another training is under way here.
  void start(const config::Experiment& experiment);
  void resume(const QString& run);
  /// The shortest way to a result: makes the demo videos beside the workspace and trains on them.
  void try_demo(const QString& workspace);
  /// Asks whoever trains the run: this window, or another process anywhere.
  Status ask(const QString& run, run::Request request);

  /// Asks what becomes of the training. False: the window stays open, for now at least.
  bool may_close();

 Q_SIGNALS:
  void started(const QString& run);
  void ended(const QString& run);
  /// It was trained to its end.
  void completed(const QString& run);
  /// The demo's run is finished, and `clip` is one that it never saw.
  void demo_ready(const QString& run, const QString& clip);
  void failed(const QString& title, const omniq::Error& error);
  /// The training that closing waited for has been saved.
  void close_now();

 private:
  bool busy();
  void launch(const config::Experiment& experiment, const QString& demo_data, bool force);
  void ask_to_start(const config::Experiment& experiment, const Error& error);
  void show_progress(const train::Progress& progress);
  void finish();
  void wait_for_end(run::Request request);

  enum class Closing { no, stop, move_to_background } closing_ = Closing::no;
  bool active_ = false;
  QString run_, demo_data_;  // of the training, and of the demo that it is
  std::stop_source stop_now_;
  QLabel* text_;
  QProgressBar* bar_;
  QPushButton *pause_, *stop_now_button_;
  JobThread<TrainJob> job_{QStringLiteral("omniq training")};
};

}  // namespace omniq::ui
