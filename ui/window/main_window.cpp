#include "ui/window/main_window.h"

#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QEvent>
#include <QFileDialog>
#include <QLabel>
#include <QMenuBar>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolButton>
#include <QUndoStack>

#include "core/base/version.h"
#include "ui/base/icons.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/pages/compare/compare_page.h"
#include "ui/pages/data/data_page.h"
#include "ui/pages/demo/demo_page.h"
#include "ui/pages/new_run/cost_line.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/pages/settings/settings_page.h"
#include "ui/widgets/command_palette.h"
#include "ui/widgets/parts.h"
#include "ui/window/evaluation_bar.h"
#include "ui/window/run_notifications.h"
#include "ui/window/training_bar.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr auto kGeometryKey = "window/geometry", kPageKey = "window/page";

QList<QAction*> leaves(const QList<QAction*>& actions) {
  QList<QAction*> all;
  for (QAction* action : actions) {
    if (action->menu()) {
      all += leaves(action->menu()->actions());
    } else if (!action->isSeparator()) {
      all.append(action);
    }
  }
  return all;
}

QToolButton* navigation_button() {
  auto* button = new QToolButton;
  button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  button->setProperty("navigation", true);
  return button;
}

}  // namespace

MainWindow::MainWindow(const QString& workspace, QWidget* parent) : QMainWindow(parent) {
  setWindowIcon(QIcon(u":/icons/app_icon.svg"_s));
  stack_ = new QStackedWidget;
  setCentralWidget(in_widget(in_row({make_navigation(), {stack_, 1}}, 0)));
  status_ = new QLabel;
  statusBar()->addWidget(status_);
  statusBar()->setSizeGripEnabled(false);

  training_ = new TrainingBar;
  statusBar()->addPermanentWidget(training_);
  notifications_ = new RunNotifications(workspace_.model(), *training_, *this);
  evaluating_ = new EvaluationBar;
  statusBar()->addPermanentWidget(evaluating_);

  runs_ = new RunsPage(workspace_, colors_);
  add_page(u"runs"_s, tr("Runs"), u"runs"_s, runs_);
  compare_ = new ComparePage(workspace_);
  add_page(u"compare"_s, tr("Compare"), u"compare"_s, compare_);
  demo_ = new DemoPage(workspace_);
  add_page(u"demo"_s, tr("Demo"), u"demo"_s, demo_);
  data_ = new DataPage;
  add_page(u"data"_s, tr("Data"), u"data"_s, data_);
  settings_ = new SettingsPage(workspace_.undo());
  add_page(u"settings"_s, tr("Settings"), u"settings"_s, settings_);
  make_menus();
  connect_training();
  connect_evaluation();
  refresh_icons();

  const QSettings settings;
  resize(1280, 800);
  restoreGeometry(settings.value(kGeometryKey).toByteArray());
  if (!show_page(settings.value(kPageKey).toString())) show_page(u"runs"_s);
  open_workspace(workspace);
}

MainWindow::~MainWindow() {
  QSettings settings;
  settings.setValue(kGeometryKey, saveGeometry());
  for (const Page& page : std::as_const(pages_)) {
    if (page.widget == stack_->currentWidget()) settings.setValue(kPageKey, page.name);
  }
}

QWidget* MainWindow::make_navigation() {
  auto* logo = new QLabel;
  logo->setPixmap(windowIcon().pixmap(22));
  QHBoxLayout* head = in_row({logo, {heading_label(tr("OmniQ Studio")), 1}});
  head->setContentsMargins(6, 0, 0, 10);
  folder_button_ = navigation_button();
  connect(folder_button_, &QToolButton::clicked, this, &MainWindow::choose_workspace);
  navigation_ = in_column({head, rest(), folder_button_}, 4);
  QWidget* rail = in_widget(navigation_, {10, 14, 6, 10});
  rail->setFixedWidth(172);
  return rail;
}

void MainWindow::add_page(const QString& name, const QString& title, const QString& icon_name,
                          QWidget* widget) {
  auto* action = new QAction(title, this);
  action->setShortcut(QKeySequence(u"Ctrl+%1"_s.arg(pages_.size() + 1)));
  QToolButton* button = navigation_button();
  button->setText(u" "_s + title);
  button->setCheckable(true);
  button->setAutoExclusive(true);
  button->setIconSize({18, 18});
  button->setToolTip(
      u"%1 (%2)"_s.arg(title, action->shortcut().toString(QKeySequence::NativeText)));
  navigation_->insertWidget(static_cast<int>(pages_.size()) + 1, button);
  stack_->addWidget(widget);
  pages_.append({name, icon_name, widget, button, action});
  connect(action, &QAction::triggered, this, [this, name] { show_page(name); });
  connect(button, &QToolButton::clicked, action, &QAction::trigger);
}

QStringList MainWindow::page_names() const {
  QStringList names;
  for (const Page& page : pages_) names.append(page.name);
  return names;
}

bool MainWindow::show_page(const QString& name) {
  for (const Page& page : std::as_const(pages_)) {
    if (page.name != name) continue;
    stack_->setCurrentWidget(page.widget);
    page.button->setChecked(true);
    // Not on the button of another page, where hiding the one before may have left it.
    const QWidget* focus = focusWidget();
    if (!focus || !page.widget->isAncestorOf(focus)) page.button->setFocus();
    return true;
  }
  return false;
}

void MainWindow::make_menus() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  file->addAction(tr("New run…"), QKeySequence::New, this, [this] { new_run({}); });
  file->addAction(runs_->actions().clone);
  file->addSeparator();
  file->addAction(tr("Open workspace…"), QKeySequence::Open, this, &MainWindow::choose_workspace);
  file->addAction(tr("Look for changes"), QKeySequence::Refresh, this,
                  [this] { workspace_.refresh(); });
  file->addSeparator();
  file->addAction(tr("Quit"), QKeySequence::Quit, this, &QWidget::close);

  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  QAction* undo = workspace_.undo().createUndoAction(this, tr("Undo"));
  undo->setShortcut(QKeySequence::Undo);
  QAction* redo = workspace_.undo().createRedoAction(this, tr("Redo"));
  redo->setShortcut(QKeySequence::Redo);
  edit->addActions({undo, redo});
  edit->addSeparator();
  edit->addAction(runs_->find_action());

  QMenu* run = menuBar()->addMenu(tr("&Run"));
  const RunActions& actions = runs_->actions();
  run->addActions({actions.pause, actions.resume, actions.stop_now, actions.evaluate});
  run->addSeparator();
  run->addActions({actions.rename, actions.edit_note, actions.add_tag, actions.archive});
  run->addSeparator();
  run->addActions({actions.open_folder, actions.copy_path, actions.copy_command});
  run->addAction(runs_->export_action());
  run->addSeparator();
  run->addAction(actions.remove);

  QMenu* compare = menuBar()->addMenu(tr("&Compare"));
  compare->addActions({compare_->export_figure_action(), compare_->export_table_action()});

  QMenu* video = menuBar()->addMenu(tr("&Video"));
  video->addActions({demo_->open_action(), demo_->paste_action(), demo_->camera_action()});
  video->addSeparator();
  video->addAction(demo_->play_action());

  QMenu* dataset = menuBar()->addMenu(tr("&Data"));
  dataset->addAction(data_->open_action());
  dataset->addSeparator();
  dataset->addActions(data_->actions_of_dataset());

  QMenu* view = menuBar()->addMenu(tr("&View"));
  for (const Page& page : std::as_const(pages_)) view->addAction(page.action);
  view->addSeparator();
  view->addActions({runs_->archived_action(), runs_->side_action()});
  view->addSeparator();
  auto* themes = new QActionGroup(this);
  const std::pair<ThemeMode, QString> modes[] = {{ThemeMode::system, tr("Theme of the system")},
                                                 {ThemeMode::light, tr("Light theme")},
                                                 {ThemeMode::dark, tr("Dark theme")}};
  for (const auto& [mode, text] : modes) {
    QAction* action = view->addAction(text);
    action->setCheckable(true);
    themes->addAction(action);
    connect(action, &QAction::triggered, this, [mode = mode] {
      preferences().set_theme(mode);
      apply_theme(*qApp, mode);  // also where only the command line had said otherwise
    });
  }
  theme_ = preferences().theme();
  themes->actions()[static_cast<int>(theme_)]->setChecked(true);
  connect(&preferences(), &Preferences::changed, themes, [this, themes] {
    if (preferences().theme() == std::exchange(theme_, preferences().theme())) return;
    themes->actions()[static_cast<int>(theme_)]->setChecked(true);
    apply_theme(*qApp, theme_);
  });

  QMenu* help = menuBar()->addMenu(tr("&Help"));
  help->addAction(tr("Find a command…"), QKeySequence(u"Ctrl+K"_s), this,
                  &MainWindow::show_palette);
}

void MainWindow::connect_training() {
  connect(runs_, &RunsPage::new_run_requested, this, [this] { new_run({}); });
  connect(runs_, &RunsPage::clone_requested, this, [this](const QString& run) { new_run(run); });
  connect(runs_, &RunsPage::clip_opened, this, [this](const QString& run, const QString& file) {
    show_page(u"demo"_s);
    demo_->open(file, run);
  });
  connect(data_, &DataPage::clip_opened, this, [this](const QString& file) {
    show_page(u"demo"_s);
    demo_->open(file);
  });
  for (const QAction* action : data_->actions_of_dataset() + QList{data_->open_action()})
    connect(action, &QAction::triggered, this, [this] { show_page(u"data"_s); });
  connect(data_, &DataPage::new_run_requested, this,
          [this](const QHash<QString, QString>& values) { new_run({}, values); });
  for (const QAction* action :
       {demo_->open_action(), demo_->paste_action(), demo_->camera_action()})
    connect(action, &QAction::triggered, this, [this] { show_page(u"demo"_s); });
  connect(runs_, &RunsPage::demo_requested, this,
          [this] { training_->try_demo(workspace_.folder()); });
  const RunActions& actions = runs_->actions();
  connect(&actions, &RunActions::resume_requested, training_, &TrainingBar::resume);
  connect(&actions, &RunActions::end_requested, this,
          [this](const QString& run, run::Request request) {
            if (const Status asked = training_->ask(run, request); !asked)
              runs_->show_error(tr("Not stopped"), asked.error());
          });
  connect(training_, &TrainingBar::failed, runs_, &RunsPage::show_error);
  connect(training_, &TrainingBar::started, this, [this](const QString& run) {
    runs_->select_when_there(run);
    workspace_.refresh();
  });
  connect(training_, &TrainingBar::demo_ready, this,
          [this](const QString& run, const QString& clip) {
            show_page(u"demo"_s);
            demo_->open(clip, run);
          });
  connect(training_, &TrainingBar::ended, &workspace_, &Workspace::refresh);
  connect(training_, &TrainingBar::close_now, this, &QWidget::close);
}

void MainWindow::connect_evaluation() {
  const auto open_run = [this](const QString& run) {
    show_page(u"runs"_s);
    runs_->select(run);
  };
  connect(notifications_, &RunNotifications::run_chosen, this, open_run);
  connect(compare_, &ComparePage::run_chosen, this, open_run);
  connect(compare_, &ComparePage::evaluation_requested, evaluating_, &EvaluationBar::evaluate);
  connect(&runs_->actions(), &RunActions::evaluate_requested, evaluating_,
          &EvaluationBar::evaluate);
  // What was trained to its end here is measured at once.
  connect(training_, &TrainingBar::completed, evaluating_,
          [this](const QString& run) { evaluating_->evaluate({run}); });
  connect(evaluating_, &EvaluationBar::evaluated, &workspace_, &Workspace::refresh);
  connect(evaluating_, &EvaluationBar::failed, this,
          [this](const QString& title, const Error& error) {
            if (stack_->currentWidget() == compare_) return compare_->show_error(title, error);
            runs_->show_error(title, error);
          });
}

NewRunDialog* MainWindow::new_run(const QString& clone, const QHash<QString, QString>& values) {
  auto* dialog = new NewRunDialog(workspace_.folder(), clone, pace_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  if (!values.isEmpty()) dialog->set_given(values);
  connect(dialog, &NewRunDialog::start_requested, training_, &TrainingBar::start);
  const auto show_busy = [this, dialog] {
    dialog->cost()->set_busy(
        training_->active() ? tr("A run is being trained here: both would be slower.") : QString());
  };
  connect(training_, &TrainingBar::started, dialog, show_busy);
  connect(training_, &TrainingBar::ended, dialog, show_busy);
  show_busy();
  dialog->open();
  return dialog;
}

void MainWindow::closeEvent(QCloseEvent* event) { event->setAccepted(training_->may_close()); }

void MainWindow::choose_workspace() {
  const QString folder =
      QFileDialog::getExistingDirectory(this, tr("Open a folder of runs"), workspace_.folder());
  if (!folder.isEmpty()) open_workspace(folder);
}

void MainWindow::open_workspace(const QString& folder) {
  workspace_.open(folder);
  const QDir dir(workspace_.folder());
  setWindowTitle(tr("%1 – OmniQ Studio").arg(dir.dirName()));
  folder_button_->setText(u" "_s + fontMetrics().elidedText(dir.dirName(), Qt::ElideMiddle, 100));
  folder_button_->setToolTip(tr("Workspace %1. Click to open another.").arg(workspace_.folder()));
  status_->setText(workspace_.folder());
}

void MainWindow::show_palette() {
  auto* palette = new CommandPalette(leaves(menuBar()->actions()), this);
  palette->show();
}

void MainWindow::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) refresh_icons();
  QMainWindow::changeEvent(event);
}

void MainWindow::refresh_icons() {
  for (const Page& page : std::as_const(pages_)) page.button->setIcon(icon(page.icon));
  folder_button_->setIcon(icon(u"folder"_s));
}

}  // namespace omniq::ui
