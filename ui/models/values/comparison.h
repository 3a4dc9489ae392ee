// From measured runs to variants that can be compared.
#pragma once

#include <QList>
#include <QPolygonF>
#include <array>
#include <cmath>

#include "ui/models/values/measurement.h"

namespace omniq::ui {

/// Runs that were measured in the same way.
struct Conditions {
  QString protocol, device;
  int runs = 0;
  bool holds_for(const Measurement& m) const {
    return m.protocol == protocol && m.device == device;
  }
};
/// Those that occur, the one of most runs first.
QList<Conditions> conditions_of(const QList<Measurement>& measurements);

/// A metric over the runs of a variant.
struct Spread {
  double mean = std::nan("");
  double deviation = std::nan("");  // of the sample (n − 1); not a number for fewer than two runs
  int runs = 0;                     // that measured it
};

/// Runs that differ in their seed alone.
struct Variant {
  QString name;  // the fusion, and how it differs from others of the same fusion
  QString fusion;
  QStringList runs, ids;  // folders, and their names
  std::array<Spread, kMetricCount> spreads;
  const Spread& spread(Metric metric) const { return spreads[static_cast<std::size_t>(metric)]; }
  double mean(Metric metric) const { return spread(metric).mean; }
};
/// Variants among the runs for which `conditions` hold, in the order of the fusions' registry.
QList<Variant> variants_of(const QList<Measurement>& measurements, const Conditions& conditions);

/// Points that no other beats: none is at most as far right and at least as high, and better in
/// one of the two. From left to right; points that are not numbers are left out.
QPolygonF pareto_front(const QList<QPointF>& points);

}  // namespace omniq::ui
