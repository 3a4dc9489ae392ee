// The configuration of a run as text, or what differs from another run.
#pragma once

#include <QWidget>

#include "ui/models/items/config_diff_model.h"
#include "ui/models/items/workspace_model.h"
#include "ui/models/values/run_info.h"

class QComboBox;
class QLabel;
class QPlainTextEdit;
class QTableView;

namespace omniq::ui {

class ConfigTab : public QWidget {
  Q_OBJECT
 public:
  explicit ConfigTab(const WorkspaceModel& workspace, QWidget* parent = nullptr);

  /// With two runs chosen, the second is the one to compare with.
  void set_run(const RunInfo& run, const QString& compare_with);

 private:
  void fill_choices();
  void show_chosen();

  const WorkspaceModel& workspace_;
  RunInfo run_;
  QString filled_for_;
  QComboBox* other_;
  QPlainTextEdit* text_;
  QTableView* table_;
  QLabel* note_;
  ConfigDiffModel differences_;
};

}  // namespace omniq::ui
