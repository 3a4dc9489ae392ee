// Above the table of runs: search, filters, how many are left, and the button for a new one.
#pragma once

#include <QWidget>

#include "ui/models/items/run_filter.h"

class QComboBox;
class QLabel;
class QLineEdit;

namespace omniq::ui {

class RunFilterBar : public QWidget {
  Q_OBJECT
 public:
  /// Writes what is chosen into `filter`.
  explicit RunFilterBar(RunFilter& filter, QWidget* parent = nullptr);

  void focus_search();
  void clear();
  /// Offers the fusions and tags that the runs have now.
  void update_choices();
  void show_count(int shown, int all);

 Q_SIGNALS:
  /// The filter lets other runs pass than before.
  void changed();
  void new_run_requested();

 private:
  QComboBox* add_choice(const QString& any, const QString& name);

  RunFilter& filter_;
  QLineEdit* search_;
  QComboBox *state_, *fusion_, *tag_;
  QLabel* count_;
};

}  // namespace omniq::ui
