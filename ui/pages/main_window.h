// The window: navigation at the left, one page at a time, menus with every action.
#pragma once

#include <QMainWindow>
#include <memory>

#include "ui/base/notifier.h"
#include "ui/base/theme.h"
#include "ui/base/worker_thread.h"
#include "ui/jobs/pace_job.h"
#include "ui/models/run_colors.h"
#include "ui/models/run_endings.h"
#include "ui/models/workspace.h"

class QActionGroup;
class QLabel;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace omniq::ui {

class DemoPage;
class NewRunDialog;
class RunsPage;
class Training;

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  explicit MainWindow(const QString& workspace, QWidget* parent = nullptr);
  ~MainWindow() override;

  Workspace& workspace() { return workspace_; }
  RunsPage* runs_page() const { return runs_; }
  DemoPage* demo_page() const { return demo_; }
  Training& training() { return *training_; }
  /// Opens the dialog of a new run, made from `clone` where it names a run.
  NewRunDialog* new_run(const QString& clone);
  /// Who tells the desktop that a run ended; the tray, where nobody else is set.
  void set_notifier(std::unique_ptr<Notifier> notifier);

  /// Pages by the names that --page takes.
  QStringList page_names() const;
  bool show_page(const QString& name);

 protected:
  void changeEvent(QEvent* event) override;
  void closeEvent(QCloseEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

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
  void notify_end(const RunInfo& run);
  void update_waiting();
  void choose_workspace();
  void open_workspace(const QString& folder);
  void set_theme(ThemeMode mode);
  void show_palette();
  void refresh_icons();

  Workspace workspace_;
  RunEndings endings_{workspace_.model()};
  std::unique_ptr<Notifier> notifier_;
  QString notified_, last_end_;  // the run that the last message was about, and how it ended
  RunColors colors_;
  WorkerThread<PaceJob> pace_{QStringLiteral("omniq pace")};
  RunsPage* runs_;
  DemoPage* demo_;
  Training* training_;
  QList<Page> pages_;
  QStackedWidget* stack_;
  QVBoxLayout* navigation_;
  QToolButton* folder_button_;
  QLabel* status_;
};

}  // namespace omniq::ui
