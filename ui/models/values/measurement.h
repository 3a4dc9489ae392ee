// What the evaluation of a run measured, and under which conditions.
#pragma once

#include <QMetaType>
#include <QString>
#include <QStringList>
#include <array>

#include "ui/models/values/metric.h"

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

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::Measurement)
