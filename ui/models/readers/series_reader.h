// Follows metrics.jsonl files from a thread of its own.
#pragma once

#include <QObject>
#include <QStringList>
#include <QTimer>
#include <cstdint>
#include <map>
#include <string>

#include "ui/models/values/run_series.h"

namespace omniq::ui {

/// Reads what was appended to one metrics.jsonl since the last call. A last line without its end
/// waits until the end is there; a file that was replaced or has become shorter is read again.
class MetricsFollower {
 public:
  explicit MetricsFollower(QString run) : run_(std::move(run)) {}

  /// At most about a megabyte; `more` says that there is more.
  SeriesNews read(bool& more);

 private:
  QString run_;
  std::uint64_t inode_ = 0;
  std::int64_t offset_ = 0;
  std::string pending_;  // a line whose end has not come yet
};

/// Lives on a WorkerThread.
class SeriesReader : public QObject {
  Q_OBJECT
 public:
  /// The runs to follow; what was read of others is forgotten.
  void follow(const QStringList& runs);

 Q_SIGNALS:
  void news(const omniq::ui::SeriesNews& news);

 private:
  void read_all();

  std::map<QString, MetricsFollower> files_;
  QTimer* timer_ = nullptr;
};

}  // namespace omniq::ui
