// What the evaluation of a run said: figures, confusion matrix, and the clips behind each cell.
#pragma once

#include <QWidget>

#include "ui/models/items/clip_model.h"
#include "ui/models/readers/evaluation.h"
#include "ui/models/values/run_info.h"

class QLabel;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace omniq::ui {

class ConfusionView;
class EmptyState;
class MessageCard;

class EvaluationTab : public QWidget {
  Q_OBJECT
 public:
  explicit EvaluationTab(QWidget* parent = nullptr);
  void set_run(const RunInfo& run);

 Q_SIGNALS:
  /// A clip was double-clicked.
  void clip_opened(const QString& file);
  void evaluate_requested();

 private:
  void load();
  void show_result(const QString& run, const Result<EvaluationFiles>& result);
  void show_cell(int label, int prediction);

  RunInfo run_;
  QString loaded_;  // run and state for which the files were read
  std::vector<std::string> classes_;
  QStackedWidget* stack_;
  EmptyState* empty_;
  MessageCard* error_;
  QPushButton* evaluate_;
  QLabel* figures_;
  QLabel* which_;
  ConfusionView* matrix_;
  QTableView* table_;
  ClipModel clips_;
};

}  // namespace omniq::ui
