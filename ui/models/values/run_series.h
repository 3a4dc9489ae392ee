// The curves of one run, as charts and exports read them.
#pragma once

#include <QList>
#include <QString>
#include <array>
#include <vector>

#include "core/run/metrics.h"

namespace omniq::ui {

enum class Phase { train, val };  // val: what is monitored, held-out clips ("val") or the test list

/// What was added to metrics.jsonl since the last look at it.
struct SeriesNews {
  QString path;             // the run
  bool from_start = false;  // the file is another one than before: what was read of it is void
  QList<run::MetricsRow> rows;
  qint64 damaged = 0;  // lines that are no row
};

/// Room for one of several columns that grow together, at another `place` (0 to 1) each: they start
/// at other capacities, so that they never all move to a larger block in the same moment.
inline std::vector<double> growing_column(double place) {
  std::vector<double> column;
  column.reserve(static_cast<std::size_t>(1024 * (1 + place)));
  return column;
}

/// Columns of one phase; a value that a row does not have is NaN. Steps rise.
struct Curves {
  Curves();
  std::vector<double> step, epoch, time;
  std::array<std::vector<double>, run::kMetricCount> values;
  std::array<bool, run::kMetricCount> measured{};  // which have a value at all

  const std::vector<double>& of(run::Metric metric) const {
    return values[static_cast<std::size_t>(metric)];
  }
  /// Whether it was measured at all.
  bool has(run::Metric metric) const { return measured[static_cast<std::size_t>(metric)]; }
};

class RunSeries {
 public:
  void add(const SeriesNews& news);
  const Curves& phase(Phase phase) const { return curves_[phase == Phase::val]; }
  qint64 damaged() const { return damaged_; }
  /// Changes when rows were taken away; else rows are only added at the end.
  qint64 generation() const { return generation_; }

 private:
  void add(const run::MetricsRow& row);

  std::array<Curves, 2> curves_;
  qint64 damaged_ = 0, generation_ = 0;
};

}  // namespace omniq::ui
