// What a run will take, before it is started: estimated, known from an earlier run, or measured.
#pragma once

#include <QTimer>
#include <QWidget>
#include <optional>

#include "ui/jobs/pace_job.h"
#include "ui/jobs/probe_job.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace omniq::ui {

class MessageCard;

class CostLine : public QWidget {
  Q_OBJECT
 public:
  /// `pace` outlives the line: starting CUDA may take longer than a dialog stays open.
  CostLine(const QString& workspace, JobThread<PaceJob>& pace, QWidget* parent = nullptr);

  /// Shows what is known of `experiment`; what is not `valid` cannot be measured.
  void set_experiment(const config::Experiment& experiment, bool valid);
  /// Why nothing can be measured now; empty: it can.
  void set_busy(const QString& why);

  QString text() const;
  /// A measurement is shown that settings have changed after.
  bool stale() const;
  QPushButton* measure_button() const { return measure_; }

 private:
  struct Measurement {
    config::Experiment of;
    run::Probe probe;
  };

  void press();
  void look();
  void show_known();
  QString estimate_text() const;
  QString measured_text() const;

  const QString workspace_;
  config::Experiment experiment_;
  bool valid_ = false;
  QString busy_;
  std::optional<Machine> machine_;
  std::optional<Pace> pace_;
  std::optional<Measurement> measured_;
  config::Experiment measuring_;
  int ticket_ = 0;
  QTimer look_;  // settings are typed letter by letter

  QLabel* text_;
  QProgressBar* bar_;
  QPushButton* measure_;
  MessageCard* problem_;
  ProbeJob job_;
  JobThread<PaceJob>& pace_job_;
};

}  // namespace omniq::ui
