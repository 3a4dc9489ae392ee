#include "ui/models/readers/workspace_scanner.h"

#include <QElapsedTimer>
#include <QThread>
#include <algorithm>
#include <set>

#include "ui/base/text.h"

namespace omniq::ui {
namespace fs = std::filesystem;
namespace {

constexpr int kLeastInterval = 1500;  // ms
constexpr int kBatch = 100;           // runs a signal: the table fills while the rest is read

}  // namespace

void WorkspaceScanner::open(const QString& workspace) {
  QStringList gone;
  for (const auto& [path, reader] : runs_) gone.append(reader.info().path);
  runs_.clear();
  if (!gone.isEmpty()) Q_EMIT removed(gone);
  workspace_ = workspace;
  start_watching();
  scan();
}

void WorkspaceScanner::start_watching() {
  if (!timer_) {
    timer_ = new QTimer(this);
    timer_->setSingleShot(true);
    connect(timer_, &QTimer::timeout, this, &WorkspaceScanner::scan);
    watcher_ = new QFileSystemWatcher(this);
    connect(watcher_, &QFileSystemWatcher::directoryChanged, this,
            [this] { timer_->start(100); });  // many changes come together
  }
  if (!watcher_->directories().isEmpty()) watcher_->removePaths(watcher_->directories());
}

void WorkspaceScanner::scan() {
  if (workspace_.isEmpty()) return;
  QElapsedTimer clock;
  clock.start();
  const fs::path root = to_path(workspace_);
  std::error_code ec;
  fs::directory_iterator entries(root, ec);
  if (!ec && !watcher_->directories().contains(workspace_)) watcher_->addPath(workspace_);

  const auto cannot_read = [](const fs::path& path, const std::error_code& reason) {
    return tr("%1 cannot be read: %2.").arg(to_qt(path.string()), to_qt(reason.message()));
  };
  QStringList unreadable;
  std::set<fs::path> seen;
  QList<RunInfo> news;
  const auto send = [&] {
    if (!news.isEmpty()) Q_EMIT changed(std::exchange(news, {}));
  };
  for (; !ec && entries != fs::directory_iterator(); entries.increment(ec)) {
    if (thread()->isInterruptionRequested()) return;
    const fs::path& path = entries->path();
    if (!RunReader::is_run(path)) {
      std::error_code reason;
      if (!fs::exists(path / "config.yaml", reason) && reason)
        unreadable.append(cannot_read(path, reason));
      continue;
    }
    auto found = runs_.find(path);
    if (found == runs_.end()) found = runs_.emplace(path, RunReader(path)).first;
    seen.insert(path);
    if (found->second.refresh()) news.append(found->second.info());
    if (news.size() >= kBatch) send();
  }
  send();
  // A folder that is not there yet has no runs; it is an error only when it cannot be read.
  const bool readable = !ec || ec == std::errc::no_such_file_or_directory;
  const QString problem = readable ? QString() : cannot_read(root, ec);

  QStringList gone;
  for (auto it = runs_.begin(); it != runs_.end();) {
    if (seen.contains(it->first)) {
      ++it;
    } else {
      gone.append(it->second.info().path);
      it = runs_.erase(it);
    }
  }
  if (!gone.isEmpty()) Q_EMIT removed(gone);
  Q_EMIT scanned(workspace_, static_cast<int>(runs_.size()), problem, unreadable.join(u' '));
  // A slow disk is asked less often: at most a tenth of the time goes into looking.
  timer_->start(std::max<int>(kLeastInterval, static_cast<int>(clock.elapsed()) * 9));
}

}  // namespace omniq::ui
