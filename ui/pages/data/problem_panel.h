// What is wrong with a dataset: found in its lists at once, in its files when they are decoded.
#pragma once

#include <QFrame>
#include <QSortFilterProxyModel>

#include "ui/models/items/problem_model.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QTableView;

namespace omniq::ui {

class ProblemPanel : public QFrame {
  Q_OBJECT
 public:
  explicit ProblemPanel(QWidget* parent = nullptr);

  void set_problems(const std::vector<data::Problem>& problems);
  void add(const data::Problem& problem);
  const ProblemModel& model() const { return model_; }
  QPushButton* check_button() const { return check_; }
  QPushButton* write_button() const { return write_; }
  QTableView* table() const { return table_; }

  /// A check is under way; `seconds_left` < 0: not known yet.
  void show_progress(qint64 done, qint64 total, double seconds_left);
  bool busy() const;
  /// No check is under way; `text`: how the last one ended.
  void show_idle(const QString& text = {});

 Q_SIGNALS:
  void check_requested();
  void stop_requested();
  void write_requested();

 private:
  void show_summary();

  ProblemModel model_;
  QSortFilterProxyModel sorted_;
  QLabel *summary_, *state_;
  QProgressBar* bar_;
  QPushButton *check_, *stop_, *write_;
  QTableView* table_;
};

}  // namespace omniq::ui
