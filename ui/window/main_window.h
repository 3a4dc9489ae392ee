// The window: navigation at the left, one page at a time, menus with every action.
#pragma once

#include <QMainWindow>

#include "ui/base/theme.h"
#include "ui/base/worker_thread.h"
#include "ui/jobs/pace_job.h"
#include "ui/models/session/run_colors.h"
#include "ui/models/session/workspace.h"

class QLabel;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace omniq::ui {

class ComparePage;
class DataPage;
class DemoPage;
class EvaluationBar;
class NewRunDialog;
class RunNotifications;
class RunsPage;
class SettingsPage;
class TrainingBar;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(const QString& workspace, QWidget* parent = nullptr);
  ~MainWindow() override;

  Workspace& workspace() { return workspace_; }
  RunsPage* runs_page() const { return runs_; }
  ComparePage* compare_page() const { return compare_; }
  DataPage* data_page() const { return data_; }
  SettingsPage* settings_page() const { return settings_; }
  DemoPage* demo_page() const { return demo_; }
  TrainingBar& training() { return *training_; }
  RunNotifications& notifications() { return *notifications_; }
  /// Opens the dialog of a new run, made from `clone` where it names a run; `values`: settings
  /// that replace those of the starting point.
  NewRunDialog* new_run(const QString& clone, const QHash<QString, QString>& values = {});

  /// Pages by the names that --page takes.
  QStringList page_names() const;
  bool show_page(const QString& name);

 protected:
  void changeEvent(QEvent* event) override;
  void closeEvent(QCloseEvent* event) override;

 private:
  struct Page {
    QString name, icon;
    QWidget* widget;
    QToolButton* button;
    QAction* action;
  };

  QWidget* make_navigation();
  void add_page(const QString& name, const QString& title, const QString& icon, QWidget* widget);
  void make_menus();
  void connect_training();
  void connect_evaluation();
  void choose_workspace();
  void open_workspace(const QString& folder);
  void show_palette();
  void refresh_icons();

  Workspace workspace_;
  RunColors colors_;
  JobThread<PaceJob> pace_{QStringLiteral("omniq pace")};
  RunsPage* runs_;
  ComparePage* compare_;
  DemoPage* demo_;
  DataPage* data_;
  SettingsPage* settings_;
  TrainingBar* training_;
  EvaluationBar* evaluating_;
  RunNotifications* notifications_;
  QList<Page> pages_;
  QStackedWidget* stack_;
  QVBoxLayout* navigation_;
  QToolButton* folder_button_;
  QLabel* status_;
  ThemeMode theme_ = ThemeMode::system;  // that is preferred
};

}  // namespace omniq::ui
