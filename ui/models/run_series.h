// The curves of one run, as charts and exports read them.
#pragma once

#include <QList>
#include <QMetaType>
#include <QString>
#include <array>
#include <vector>

#include "core/run/metrics.h"

namespace omniq::ui {

enum class Quantity { loss, top1, top5, lr, vram, clips_per_second, data_wait };
constexpr int kQuantities = 7;
enum class Phase { train, val };

/// What was added to metrics.jsonl since the last look at it.
struct SeriesNews {
  QString path;             // the run
  bool from_start = false;  // the file is another one than before: what was read of it is void
  QList<run::MetricsRow> rows;
  qint64 damaged = 0;  // lines that are no row
};

/// Columns of one phase; a value that a row does not have is NaN. Steps rise.
struct Curves {
  std::vector<double> step, epoch, time;
  std::array<std::vector<double>, kQuantities> values;

  const std::vector<double>& of(Quantity quantity) const {
    return values[static_cast<std::size_t>(quantity)];
  }
  /// Whether the quantity was measured at all.
  bool has(Quantity quantity) const;
};

class RunSeries {
 public:
  void add(const SeriesNews& news);
  const Curves& phase(Phase phase) const { return curves_[phase == Phase::val]; }
  qint64 damaged() const { return damaged_; }
  /// Changes whenever the curves do.
  qint64 version() const { return version_; }

 private:
  void add(const run::MetricsRow& row);

  std::array<Curves, 2> curves_;
  qint64 damaged_ = 0, version_ = 0;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::SeriesNews)
