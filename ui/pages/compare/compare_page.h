// Evaluated runs against each other: figures, a table of variants, and both as files.
#pragma once

#include <QSortFilterProxyModel>
#include <QTimer>
#include <QWidget>

#include "ui/base/worker_thread.h"
#include "ui/models/items/comparison_model.h"
#include "ui/models/readers/measurement_reader.h"
#include "ui/models/session/workspace.h"

class QComboBox;
class QLabel;
class QPushButton;
class QTableView;

namespace omniq::ui {

class EmptyState;
class FigurePanel;
class MessageCard;

class ComparePage : public QWidget {
  Q_OBJECT
 public:
  explicit ComparePage(Workspace& workspace, QWidget* parent = nullptr);

  ComparisonModel& model() { return model_; }
  QTableView* table() const { return table_; }
  FigurePanel* figure() const { return figure_; }
  QAction* export_figure_action() const { return export_figure_; }
  QAction* export_table_action() const { return export_table_; }

  /// As .csv (means, deviations and differences in columns of their own), .md or .tex.
  Status save_table(const QString& file) const;
  void show_error(const QString& title, const Error& error);

 Q_SIGNALS:
  void run_chosen(const QString& run);
  void evaluation_requested(const QStringList& runs);

 protected:
  void showEvent(QShowEvent* event) override;

 private:
  QWidget* make_bar();
  QWidget* make_table();
  void look();
  void take(const QList<Measurement>& measurements, const QStringList& problems);
  void show_conditions();
  void show_variants();
  void show_baselines();
  void show_notes();
  void choose(const Variant& variant);
  QString measured_text() const;
  Conditions conditions() const;

  Workspace& workspace_;
  WorkerThread<MeasurementReader> reader_;
  QTimer changed_;
  QList<std::pair<QString, double>> asked_;  // runs, and when they were evaluated
  QList<Measurement> measurements_;
  QStringList not_evaluated_;  // finished runs
  ComparisonModel model_;
  QSortFilterProxyModel sorted_;

  QAction *export_figure_, *export_table_;
  QComboBox *conditions_, *baseline_;
  QLabel* others_;
  QPushButton* evaluate_;
  MessageCard *error_, *waiting_;
  EmptyState* empty_;
  QWidget* content_;
  FigurePanel* figure_;
  QTableView* table_;
};

}  // namespace omniq::ui
