#include "ui/models/session/run_endings.h"

namespace omniq::ui {

RunEndings::RunEndings(const WorkspaceModel& runs, QObject* parent) : QObject(parent), runs_(runs) {
  connect(&runs, &QAbstractItemModel::rowsInserted, this,
          [this](const QModelIndex&, int first, int last) { look(first, last); });
  connect(
      &runs, &QAbstractItemModel::dataChanged, this,
      [this](const QModelIndex& first, const QModelIndex& last) { look(first.row(), last.row()); });
  connect(&runs, &QAbstractItemModel::rowsRemoved, this, &RunEndings::forget_removed);
  connect(&runs, &QAbstractItemModel::modelReset, this, &RunEndings::forget_removed);
}

void RunEndings::look(int first, int last) {
  for (int row = first; row <= last; ++row) {
    const RunInfo run = runs_.run(row);
    if (run.active()) {
      active_.insert(run.path);
    } else if (!run.damaged && active_.remove(run.path)) {
      Q_EMIT ended(run);
    }
  }
}

void RunEndings::forget_removed() {
  active_.removeIf([this](const QString& path) { return !runs_.find(path); });
}

}  // namespace omniq::ui
