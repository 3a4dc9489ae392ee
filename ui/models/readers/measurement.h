// What the evaluation of a run measured, and under which conditions.
#pragma once

#include <QList>
#include <QMetaType>
#include <QObject>
#include <QString>
#include <QStringList>
#include <array>
#include <filesystem>
#include <map>

#include "core/base/result.h"
#include "ui/models/values/metric.h"
#include "ui/models/values/run_info.h"

namespace omniq::ui {

struct Measurement {
  QString run;     // folder
  QString id;      // the folder's name
  QString fusion;  // "mamba"
  /// Values of the settings that make a variant, in the order of variant_keys(). Runs that have
  /// them all in common differ in their seed alone.
  QStringList settings;
  QString protocol;  // "demo, split 1, 200 clips, 8 frames at 64 × 64": what was asked of the model
  QString device;    // "NVIDIA H200, bf16, batch 8": where latency and memory were measured
  std::array<double, kMetricCount> values;  // not a number: not measured

  double value(Metric metric) const { return values[static_cast<std::size_t>(metric)]; }
};

/// Keys of the settings that make a variant: all but the seed, places, names, and what changes
/// only the pace of a training.
const QStringList& variant_keys();

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

Q_DECLARE_METATYPE(omniq::ui::Measurement)
