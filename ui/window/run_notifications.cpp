#include "ui/window/run_notifications.h"

#include <QEvent>
#include <QWidget>
#include <utility>

#include "ui/base/format.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/models/readers/run_reader.h"
#include "ui/window/training_bar.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

RunNotifications::RunNotifications(const WorkspaceModel& runs, TrainingBar& training,
                                   QWidget& window)
    : QObject(&window), endings_(runs), training_(training), window_(window) {
  set_notifier(make_tray_notifier());
  window_.installEventFilter(this);
  connect(&endings_, &RunEndings::ended, this, &RunNotifications::tell);
  connect(&training_, &TrainingBar::started, this, &RunNotifications::update_waiting);
  connect(&training_, &TrainingBar::ended, this, [this](const QString& run) {
    update_waiting();
    if (run.isEmpty()) return;
    // Not only by endings_: a short run, or one of another workspace, was never seen running.
    RunReader reader(to_path(run));
    reader.refresh();
    tell(reader.info());
  });
  connect(&preferences(), &Preferences::changed, this, &RunNotifications::update_waiting);
}

void RunNotifications::set_notifier(std::unique_ptr<Notifier> notifier) {
  notifier_ = std::move(notifier);
  connect(notifier_.get(), &Notifier::clicked, this, &RunNotifications::bring_to_front);
  update_waiting();
}

bool RunNotifications::eventFilter(QObject* watched, QEvent* event) {
  const QEvent::Type type = event->type();
  if (type == QEvent::Show || type == QEvent::Hide || type == QEvent::WindowStateChange)
    update_waiting();
  return QObject::eventFilter(watched, event);
}

void RunNotifications::update_waiting() {
  const bool away = window_.isHidden() || window_.isMinimized();
  notifier_->set_waiting(preferences().notify() && (training_.active() || away));
}

void RunNotifications::tell(const RunInfo& run) {
  // A pause was asked for, by somebody who knows.
  if (run.state == run::RunState::paused || !preferences().notify()) return;
  QString text = state_text(state_key(run));
  const QString end = u"%1 %2 %3"_s.arg(run.path, text).arg(run.step);
  if (std::exchange(last_end_, end) == end) return;
  if (run.best_top1 >= 0) text += tr(", best Top-1 %1").arg(percent_text(run.best_top1));
  if (!run.problem.isEmpty()) text += u'\n' + run.problem;
  told_ = run.path;
  notifier_->notify(run.name, text);
}

void RunNotifications::bring_to_front() {
  window_.setWindowState(window_.windowState() & ~Qt::WindowMinimized);
  window_.show();
  window_.raise();
  window_.activateWindow();
  if (!told_.isEmpty()) Q_EMIT run_chosen(told_);
}

}  // namespace omniq::ui
