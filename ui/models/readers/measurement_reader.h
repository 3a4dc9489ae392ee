// Reads what the evaluations of runs measured.
#pragma once

#include <QList>
#include <QObject>
#include <QString>
#include <QStringList>
#include <filesystem>
#include <map>

#include "core/base/result.h"
#include "ui/models/values/measurement.h"
#include "ui/models/values/run_info.h"

namespace omniq::ui {

/// Reads eval/summary.json and config.yaml of an evaluated run. Call it off the GUI thread.
Result<Measurement> read_measurement(const std::filesystem::path& run);

/// Lives on a WorkerThread and keeps what it has read.
class MeasurementReader : public QObject {
  Q_OBJECT
 public:
  /// Reads what is new or different among the evaluated of these runs and tells about all of them.
  void read(const QList<RunInfo>& runs);

 Q_SIGNALS:
  /// `problems`: a sentence for each run whose evaluation cannot be read.
  void done(const QList<omniq::ui::Measurement>& measurements, const QStringList& problems);

 private:
  struct Entry {
    double evaluated = 0;
    Result<Measurement> measurement;
  };
  std::map<QString, Entry> known_;
};

}  // namespace omniq::ui
