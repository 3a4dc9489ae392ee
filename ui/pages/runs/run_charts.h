// From the curves of runs to the charts that show them.
#pragma once

#include <QList>

#include "ui/pages/runs/run_curves.h"
#include "ui/widgets/chart/chart_scene.h"

namespace omniq::ui {

enum class ChartKind { loss, accuracy, learning_rate, vram, throughput, data_wait };
constexpr ChartKind kCharts[] = {ChartKind::loss, ChartKind::accuracy,   ChartKind::learning_rate,
                                 ChartKind::vram, ChartKind::throughput, ChartKind::data_wait};

struct ChartedRun {
  QString name;
  QColor color;
  const RunCurves* curves = nullptr;
  bool held_out = true;  // what is monitored; else it is the test list
};

/// Training curves are solid, monitored ones dashed; Top-5 is dotted. `log_y`: of loss and learning
/// rate. The curves are in the form of `x`.
ChartScene build_chart(ChartKind kind, const QList<ChartedRun>& runs, XAxis x, bool log_y);

}  // namespace omniq::ui
