// Everything about the chosen runs: curves of all, the rest of the one that was chosen last.
#pragma once

#include <QWidget>

#include "ui/models/items/workspace_model.h"

class QLabel;
class QTabWidget;

namespace omniq::ui {

class ConfigTab;
class CurvesTab;
class EvaluationTab;
class LogTab;
class MessageCard;
class RunColors;

class RunDetails : public QWidget {
  Q_OBJECT
 public:
  RunDetails(const WorkspaceModel& workspace, RunColors& colors, QWidget* parent = nullptr);

  /// `runs` is not empty; its first is the one whose configuration, log and evaluation are shown.
  void set_runs(const QList<RunInfo>& runs);
  void show_tab(int index);
  /// The folder of the run whose configuration, log and evaluation are shown.
  const QString& run() const { return run_; }
  CurvesTab* curves() const { return curves_; }

 Q_SIGNALS:
  void clip_opened(const QString& run, const QString& file);
  void evaluate_requested(const QString& run);

 private:
  void show_problem(const RunInfo& run);

  QString run_;
  QLabel* title_;
  QLabel* subtitle_;
  MessageCard* problem_;
  QTabWidget* tabs_;
  CurvesTab* curves_;
  ConfigTab* config_;
  LogTab* log_;
  EvaluationTab* evaluation_;
};

}  // namespace omniq::ui
