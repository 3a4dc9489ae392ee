// The curves of the runs that are being looked at, kept up to date.
#pragma once

#include <QHash>
#include <QObject>
#include <QStringList>

#include "ui/base/worker_thread.h"
#include "ui/models/readers/series_reader.h"
#include "ui/models/values/run_series.h"

namespace omniq::ui {

class SeriesFeed : public QObject {
  Q_OBJECT
 public:
  explicit SeriesFeed(QObject* parent = nullptr);

  void follow(const QStringList& runs);
  /// Empty for a run that is not followed or has no rows yet.
  const RunSeries& series(const QString& run) const;

 Q_SIGNALS:
  void changed(const QString& run);

 private:
  void add(const SeriesNews& news);

  QStringList runs_;
  QHash<QString, RunSeries> series_;
  WorkerThread<SeriesReader> reader_;
};

}  // namespace omniq::ui
