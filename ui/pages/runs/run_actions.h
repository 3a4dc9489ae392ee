// What can be done to the chosen runs, as actions for menus and the command palette.
#pragma once

#include <QAction>
#include <QObject>

#include "core/run/control.h"
#include "ui/models/session/workspace.h"

namespace omniq::ui {

class RunActions : public QObject {
  Q_OBJECT
 public:
  RunActions(Workspace& workspace, QWidget* window);

  /// Enables what makes sense for these.
  void set_runs(const QList<RunInfo>& runs);
  QList<QAction*> actions() const { return all_; }

  QAction *pause, *resume, *stop_now, *evaluate, *rename, *edit_note, *add_tag, *archive, *remove,
      *clone, *open_folder, *copy_command, *copy_path;

 Q_SIGNALS:
  void failed(const QString& title, const omniq::Error& error);
  /// The page opens the cell's editor.
  void edit_requested(int column);
  void clone_requested(const QString& run);
  void end_requested(const QString& run, omniq::run::Request request);
  void resume_requested(const QString& run);
  void evaluate_requested(const QStringList& runs);

 private:
  QAction* add(const QString& text, const QKeySequence& shortcut = {});
  QStringList paths() const;
  void tell(const QString& title, const Status& status);
  void ask_for_tag();
  void copy_command_line();

  Workspace& workspace_;
  QWidget* window_;
  QList<QAction*> all_;
  QList<RunInfo> runs_;
};

/// The command that goes on with a run, or starts one like it.
QString command_line(const RunInfo& run);

}  // namespace omniq::ui
