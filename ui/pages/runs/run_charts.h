// From the curves of runs to the charts that show them.
#pragma once

#include <QList>

#include "ui/models/run_series.h"
#include "ui/widgets/chart/chart_scene.h"

namespace omniq::ui {

enum class ChartKind { loss, accuracy, learning_rate, vram, throughput, data_wait };
constexpr ChartKind kCharts[] = {ChartKind::loss, ChartKind::accuracy,   ChartKind::learning_rate,
                                 ChartKind::vram, ChartKind::throughput, ChartKind::data_wait};

enum class XAxis { step, epoch, time };

struct ChartedRun {
  QString name;
  QColor color;
  const RunSeries* series = nullptr;
  double steps_per_epoch = 0;  // 0: not known
};

struct ChartOptions {
  XAxis x = XAxis::step;
  double smoothing = 0;  // 0 to 1, of training curves
  bool log_y = false;    // loss and learning rate
};

/// Training curves are solid, held-out ones dashed; Top-5 is dotted.
ChartScene build_chart(ChartKind kind, const QList<ChartedRun>& runs, const ChartOptions& options);

}  // namespace omniq::ui
