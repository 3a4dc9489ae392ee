// A folder of runs, open in the window: its table, its filter, and what can be done to its runs.
#pragma once

#include <QObject>
#include <QUndoStack>
#include <functional>

#include "ui/base/worker_thread.h"
#include "ui/models/items/workspace_model.h"
#include "ui/models/readers/run_notes.h"
#include "ui/models/readers/workspace_scanner.h"

namespace omniq::ui {

class Workspace : public QObject {
  Q_OBJECT
 public:
  explicit Workspace(QObject* parent = nullptr);

  void open(const QString& folder);
  const QString& folder() const { return folder_; }
  /// Looks at the folder now instead of at the next timed look.
  void refresh();

  WorkspaceModel& model() { return model_; }
  /// Every change below can be taken back.
  QUndoStack& undo() { return undo_; }

  /// Changes what the user says about runs; `what` names the change for the undo menu.
  Status change_notes(const QStringList& paths, const QString& what,
                      const std::function<void(RunNotes&)>& change);
  Status set_archived(const QStringList& paths, bool archived);
  Status add_tag(const QStringList& paths, const QString& tag);
  /// Moves run folders to the desktop's trash. A running run is refused.
  Status move_to_trash(const QStringList& paths);

 Q_SIGNALS:
  /// The first look at a newly opened folder is done; see WorkspaceScanner::scanned.
  void opened(int runs, const QString& problem, const QString& unreadable);
  /// The trash or a notes file could not be written when something was undone or redone.
  void failed(const QString& message);

 private:
  void edit(const QString& path, int column, const QString& text);

  QString folder_;
  bool opening_ = false;
  WorkspaceModel model_;
  QUndoStack undo_;
  WorkerThread<WorkspaceScanner> scanner_;
};

}  // namespace omniq::ui
