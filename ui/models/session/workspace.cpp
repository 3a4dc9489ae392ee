#include "ui/models/session/workspace.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QUndoCommand>

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

/// A change of notes of several runs: what they were, and what they become.
class NotesCommand : public QUndoCommand {
 public:
  struct Change {
    QString path;
    RunNotes before, after;
  };
  NotesCommand(Workspace& workspace, const QString& what, QList<Change> changes)
      : QUndoCommand(what), workspace_(workspace), changes_(std::move(changes)) {}

  void redo() override { write(&Change::after); }
  void undo() override { write(&Change::before); }

 private:
  void write(RunNotes Change::*which) {
    for (const Change& change : changes_) {
      if (auto status = write_notes(to_path(change.path), change.*which); !status)
        Q_EMIT workspace_.failed(to_qt(status.error().text()));
    }
    workspace_.refresh();
  }

  Workspace& workspace_;
  QList<Change> changes_;
};

/// Runs in the trash. They were moved there before the command was pushed, so that a failure can be
/// told where it happens.
class TrashCommand : public QUndoCommand {
 public:
  struct Moved {
    QString path, in_trash;
  };
  TrashCommand(Workspace& workspace, const QString& what, QList<Moved> moved)
      : QUndoCommand(what), workspace_(workspace), moved_(std::move(moved)) {}

  void redo() override {
    if (std::exchange(first_, false)) return;
    for (Moved& run : moved_) {
      if (!QFile::moveToTrash(run.path, &run.in_trash))
        Q_EMIT workspace_.failed(QObject::tr("%1 could not be moved to the trash.").arg(run.path));
    }
    workspace_.refresh();
  }
  void undo() override {
    for (const Moved& run : moved_) {
      if (!QDir().rename(run.in_trash, run.path)) {
        Q_EMIT workspace_.failed(
            QObject::tr("%1 could not be taken back from the trash. It is still at %2.")
                .arg(run.path, run.in_trash));
        continue;
      }
      // The trash's own note of where the folder came from.
      const QFileInfo info(run.in_trash);
      QFile::remove(info.path() + u"/../info/"_s + info.fileName() + u".trashinfo"_s);
    }
    workspace_.refresh();
  }

 private:
  Workspace& workspace_;
  QList<Moved> moved_;
  bool first_ = true;
};

}  // namespace

Workspace::Workspace(QObject* parent) : QObject(parent), scanner_(u"omniq workspace"_s) {
  connect(&model_, &WorkspaceModel::edited, this, &Workspace::edit);
  connect(scanner_.worker(), &WorkspaceScanner::changed, &model_, &WorkspaceModel::apply);
  connect(scanner_.worker(), &WorkspaceScanner::removed, &model_, &WorkspaceModel::remove);
  connect(
      scanner_.worker(), &WorkspaceScanner::scanned, this,
      [this](const QString& folder, int runs, const QString& problem, const QString& unreadable) {
        if (folder != folder_ || !std::exchange(opening_, false)) return;
        Q_EMIT opened(runs, problem, unreadable);
      });
}

void Workspace::open(const QString& folder) {
  folder_ = QDir::cleanPath(QDir(folder).absolutePath());
  opening_ = true;
  undo_.clear();
  scanner_.post([folder = folder_](WorkspaceScanner& scanner) { scanner.open(folder); });
}

void Workspace::refresh() {
  scanner_.post([](WorkspaceScanner& scanner) { scanner.scan(); });
}

Status Workspace::change_notes(const QStringList& paths, const QString& what,
                               const std::function<void(RunNotes&)>& change) {
  QList<NotesCommand::Change> changes;
  for (const QString& path : paths) {
    OMNIQ_ASSIGN(const RunNotes before, read_notes(to_path(path)));
    RunNotes after = before;
    change(after);
    if (after != before) changes.append({path, before, after});
  }
  if (changes.isEmpty()) return {};
  // Tried once by hand: an error is told to the caller, and nothing is left to undo.
  for (const auto& c : changes) OMNIQ_TRY(write_notes(to_path(c.path), c.after));
  undo_.push(new NotesCommand(*this, what, std::move(changes)));
  return {};
}

void Workspace::edit(const QString& path, int column, const QString& text) {
  Status done;
  if (column == WorkspaceModel::kName) {
    done =
        change_notes({path}, tr("Rename"), [&](RunNotes& notes) { notes.name = text.trimmed(); });
  } else if (column == WorkspaceModel::kNote) {
    done = change_notes({path}, tr("Change note"), [&](RunNotes& notes) { notes.note = text; });
  } else {
    QStringList tags;
    for (const QString& tag : text.split(u',')) {
      if (!tag.trimmed().isEmpty()) tags.append(tag.trimmed());
    }
    done = change_notes({path}, tr("Change tags"), [&](RunNotes& notes) { notes.tags = tags; });
  }
  if (!done) Q_EMIT failed(to_qt(done.error().text()));
}

Status Workspace::set_archived(const QStringList& paths, bool archived) {
  return change_notes(paths, archived ? tr("Archive") : tr("Take out of the archive"),
                      [&](RunNotes& notes) { notes.archived = archived; });
}

Status Workspace::add_tag(const QStringList& paths, const QString& tag) {
  // Tags of the configuration stay: they are taken over with the first change.
  for (const QString& path : paths) {
    const RunInfo* run = model_.find(path);
    QStringList tags = run ? run->tags : QStringList();
    if (!tags.contains(tag)) tags.append(tag);
    OMNIQ_TRY(change_notes({path}, tr("Add tag"), [&](RunNotes& notes) { notes.tags = tags; }));
  }
  return {};
}

Status Workspace::move_to_trash(const QStringList& paths) {
  for (const QString& path : paths) {
    const RunInfo* run = model_.find(path);
    if (run && run->active()) {
      return fail(ErrorCode::usage, cat("The run ", to_std(run->name), " is being trained."),
                  "Stop it first.");
    }
  }
  QList<TrashCommand::Moved> moved;
  QString refused;
  for (const QString& path : paths) {
    QString in_trash;
    if (QFile::moveToTrash(path, &in_trash)) {
      moved.append({path, in_trash});
    } else {
      refused = path;
    }
  }
  if (!moved.isEmpty())
    undo_.push(new TrashCommand(
        *this, tr("Delete %n run(s)", nullptr, static_cast<int>(moved.size())), moved));
  refresh();
  if (refused.isEmpty()) return {};
  return fail(ErrorCode::io, cat(to_std(refused), " could not be moved to the trash."),
              "Check that you may write to its folder, and that its disk has a trash.");
}

}  // namespace omniq::ui
