// The runs of the workspace: a table to search and choose from, and beside it the chosen ones.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/models/items/run_filter.h"
#include "ui/models/session/run_colors.h"
#include "ui/models/session/workspace.h"

class QSplitter;
class QStackedWidget;
class QTableView;

namespace omniq::ui {

class EmptyState;
class MessageCard;
class RunActions;
class RunDetails;
class RunFilterBar;

class RunsPage : public QWidget {
  Q_OBJECT
 public:
  RunsPage(Workspace& workspace, RunColors& colors, QWidget* parent = nullptr);
  ~RunsPage() override;

  RunActions& actions() { return *actions_; }
  QAction* find_action() const { return find_; }
  QAction* archived_action() const { return show_archived_; }
  QAction* side_action() const { return side_by_side_; }
  QAction* export_action() const { return export_; }
  RunDetails* details() const { return details_; }
  QTableView* table() const { return table_; }

  void select(const QString& path);
  /// As soon as the workspace has it.
  void select_when_there(const QString& path);
  QStringList selected() const;
  void show_error(const QString& title, const Error& error);

 Q_SIGNALS:
  void new_run_requested();
  void demo_requested();
  void clone_requested(const QString& run);
  void clip_opened(const QString& run, const QString& file);

 private:
  void make_table();
  void update_selection();
  void update_empty();
  void restore_layout();
  void save_layout() const;
  void show_columns_menu(QPoint at);
  void show_runs_menu(QPoint at);

  Workspace& workspace_;
  RunColors& colors_;
  RunFilter filter_;
  RunActions* actions_;
  QAction *find_, *show_archived_, *side_by_side_, *export_;

  RunFilterBar* filter_bar_;
  MessageCard* error_;
  QTableView* table_;
  QStackedWidget *stack_, *below_;
  EmptyState *no_runs_, *no_match_, *no_choice_;
  QSplitter* splitter_;
  RunDetails* details_;
  QString awaited_;
  QTimer changed_;  // many rows change at once; what depends on them is made once
};

}  // namespace omniq::ui
