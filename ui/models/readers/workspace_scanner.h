// Watches a folder of runs from a thread of its own.
#pragma once

#include <QFileSystemWatcher>
#include <QObject>
#include <QTimer>
#include <map>
#include <memory>

#include "ui/models/readers/run_reader.h"

namespace omniq::ui {

/// Lives on a WorkerThread. Finds the runs of a workspace, reads them, and from then on tells what
/// changed: at once where the system reports it, else at the next timed look (a shared disk reports
/// nothing).
class WorkspaceScanner : public QObject {
  Q_OBJECT
 public:
  /// Forgets the workspace before and reads the new one.
  void open(const QString& workspace);
  /// Looks at every run now.
  void scan();

 Q_SIGNALS:
  /// Runs that are new or different, a few hundred a call.
  void changed(const QList<omniq::ui::RunInfo>& runs);
  void removed(const QStringList& paths);
  /// One look at the whole workspace is done; `problem` says why it found nothing to look at, and
  /// `unreadable` which folders the system did not let it look into.
  void scanned(const QString& workspace, int runs, const QString& problem,
               const QString& unreadable);

 private:
  void start_watching();

  QString workspace_;
  std::map<std::filesystem::path, RunReader> runs_;
  // Made on the scanner's own thread.
  QTimer* timer_ = nullptr;
  QFileSystemWatcher* watcher_ = nullptr;
};

}  // namespace omniq::ui
