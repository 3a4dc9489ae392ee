#include "ui/pages/runs/run_actions.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QInputDialog>
#include <QUrl>

#include "ui/models/items/workspace_model.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString quoted(const QString& text) {
  static const QString plain = u"/._-+=:,@%"_s;
  const bool safe = std::all_of(text.begin(), text.end(), [](QChar c) {
    return (c.unicode() < 128 && c.isLetterOrNumber()) || plain.contains(c);
  });
  return safe ? text : u"'"_s + QString(text).replace(u"'"_s, u"'\\''"_s) + u"'"_s;
}

}  // namespace

QString command_line(const RunInfo& run) {
  if (run.resumable()) return u"omniq resume "_s + quoted(run.path);
  return u"omniq train "_s + quoted(run.path + u"/config.yaml"_s);
}

RunActions::RunActions(Workspace& workspace, QWidget* window)
    : QObject(window), workspace_(workspace), window_(window) {
  pause = add(tr("Pause"), QKeySequence(u"Ctrl+P"_s));
  resume = add(tr("Resume"), QKeySequence(u"Ctrl+R"_s));
  stop_now = add(tr("Stop now, without saving"), QKeySequence(u"Ctrl+Shift+P"_s));
  stop_now->setToolTip(tr("Discards what came after the last checkpoint"));
  evaluate = add(tr("Evaluate"), QKeySequence(u"Ctrl+Shift+E"_s));
  rename = add(tr("Rename run"), Qt::Key_F2);
  edit_note = add(tr("Edit note"));
  add_tag = add(tr("Add tag…"), QKeySequence(u"Ctrl+T"_s));
  archive = add(tr("Archive"), QKeySequence(u"Ctrl+E"_s));
  remove = add(tr("Move to trash"), QKeySequence::Delete);
  clone = add(tr("New run like this…"), QKeySequence(u"Ctrl+D"_s));
  open_folder = add(tr("Open folder"), QKeySequence(u"Ctrl+Shift+O"_s));
  copy_command = add(tr("Copy command line"), QKeySequence(u"Ctrl+Shift+C"_s));
  copy_path = add(tr("Copy path"));
  connect(pause, &QAction::triggered, this,
          [this] { Q_EMIT end_requested(runs_.front().path, run::Request::pause); });
  connect(resume, &QAction::triggered, this,
          [this] { Q_EMIT resume_requested(runs_.front().path); });
  connect(stop_now, &QAction::triggered, this,
          [this] { Q_EMIT end_requested(runs_.front().path, run::Request::stop_now); });
  connect(evaluate, &QAction::triggered, this, [this] { Q_EMIT evaluate_requested(paths()); });
  connect(rename, &QAction::triggered, this,
          [this] { Q_EMIT edit_requested(WorkspaceModel::kName); });
  connect(edit_note, &QAction::triggered, this,
          [this] { Q_EMIT edit_requested(WorkspaceModel::kNote); });
  connect(add_tag, &QAction::triggered, this, &RunActions::ask_for_tag);
  connect(archive, &QAction::triggered, this, [this] {
    tell(tr("The archive could not be changed"),
         workspace_.set_archived(paths(), !runs_.front().archived));
  });
  connect(remove, &QAction::triggered, this,
          [this] { tell(tr("Not deleted"), workspace_.move_to_trash(paths())); });
  connect(clone, &QAction::triggered, this, [this] { Q_EMIT clone_requested(runs_.front().path); });
  connect(open_folder, &QAction::triggered, this,
          [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(runs_.front().path)); });
  connect(copy_command, &QAction::triggered, this, &RunActions::copy_command_line);
  connect(copy_path, &QAction::triggered, this,
          [this] { QApplication::clipboard()->setText(paths().join(u'\n')); });
  set_runs({});
}

QAction* RunActions::add(const QString& text, const QKeySequence& shortcut) {
  auto* action = new QAction(text, this);
  action->setShortcut(shortcut);
  all_.append(action);
  return action;
}

void RunActions::set_runs(const QList<RunInfo>& runs) {
  runs_ = runs;
  const bool any = !runs.isEmpty(), one = runs.size() == 1;
  for (QAction* action : {add_tag, archive, copy_path, copy_command}) action->setEnabled(any);
  for (QAction* action : {rename, edit_note, open_folder}) action->setEnabled(one);
  pause->setEnabled(one && runs.front().active());
  stop_now->setEnabled(pause->isEnabled());
  resume->setEnabled(one && runs.front().resumable());
  evaluate->setEnabled(any && std::none_of(runs.begin(), runs.end(), [](const RunInfo& r) {
                         return r.damaged || r.active() || r.epoch == 0;
                       }));
  clone->setEnabled(one && !runs.front().damaged);
  remove->setEnabled(
      any && std::none_of(runs.begin(), runs.end(), [](const RunInfo& r) { return r.active(); }));
  archive->setText(any && runs.front().archived ? tr("Take out of the archive") : tr("Archive"));
}

QStringList RunActions::paths() const {
  QStringList all;
  for (const RunInfo& run : runs_) all.append(run.path);
  return all;
}

void RunActions::tell(const QString& title, const Status& status) {
  if (!status) Q_EMIT failed(title, status.error());
}

void RunActions::ask_for_tag() {
  bool ok = false;
  const QString tag =
      QInputDialog::getText(window_, tr("Add tag"), tr("Tag"), QLineEdit::Normal, {}, &ok)
          .trimmed();
  if (ok && !tag.isEmpty()) tell(tr("The tag was not added"), workspace_.add_tag(paths(), tag));
}

void RunActions::copy_command_line() {
  QStringList lines;
  for (const RunInfo& run : std::as_const(runs_)) lines.append(command_line(run));
  QApplication::clipboard()->setText(lines.join(u'\n'));
}

}  // namespace omniq::ui
