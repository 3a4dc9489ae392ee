#include "ui/pages/runs/run_charts.h"

#include <QCoreApplication>
#include <algorithm>

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("RunCharts", text); }

Column x_column(const Curves& curves, const ChartedRun& run, const ChartOptions& options) {
  if (options.x == XAxis::step) return std::make_shared<std::vector<double>>(curves.step);
  if (options.x == XAxis::epoch) {
    if (!(run.steps_per_epoch > 0)) return std::make_shared<std::vector<double>>(curves.epoch);
    auto x = std::make_shared<std::vector<double>>(curves.step);
    for (double& value : *x) value /= run.steps_per_epoch;
    return x;
  }
  // From the run's first row on, whichever phase that was.
  const Curves &train = run.series->phase(Phase::train), &val = run.series->phase(Phase::val);
  double start = 1e300;
  if (!train.time.empty()) start = std::min(start, train.time.front());
  if (!val.time.empty()) start = std::min(start, val.time.front());
  auto x = std::make_shared<std::vector<double>>(curves.time);
  double last = 0;
  for (double& value : *x) last = value = std::max(last, value - start);  // clocks are set back
  return x;
}

struct Line {
  Phase phase;
  Quantity quantity;
  const char* name;
  Qt::PenStyle style;
  double scale = 1;
};

void add_lines(ChartScene& scene, const QList<ChartedRun>& runs, const ChartOptions& options,
               std::initializer_list<Line> lines) {
  for (const ChartedRun& run : runs) {
    for (const Line& line : lines) {
      const Curves& curves = run.series->phase(line.phase);
      if (!curves.has(line.quantity)) continue;
      auto y = std::make_shared<std::vector<double>>(curves.of(line.quantity));
      if (line.scale != 1) {
        for (double& value : *y) value *= line.scale;
      }
      const Column x = x_column(curves, run, options);
      Curve curve;
      curve.name = *line.name ? run.name + u" · "_s + tr(line.name) : run.name;
      curve.color = run.color;
      curve.style = line.style;
      curve.raw = std::make_shared<CurveData>(x, y);
      if (options.smoothing > 0 && line.phase == Phase::train)
        curve.smooth = std::make_shared<CurveData>(x, smoothed(*y, options.smoothing));
      scene.curves.append(std::move(curve));
    }
  }
}

}  // namespace

ChartScene build_chart(ChartKind kind, const QList<ChartedRun>& runs, const ChartOptions& options) {
  ChartScene scene;
  scene.x_kind = options.x == XAxis::time ? AxisKind::duration : AxisKind::number;
  scene.x_title = options.x == XAxis::step    ? tr("Step")
                  : options.x == XAxis::epoch ? tr("Epoch")
                                              : tr("Time");
  scene.empty_text = tr("No values yet");
  const AxisKind logarithm = options.log_y ? AxisKind::logarithm : AxisKind::number;
  switch (kind) {
    case ChartKind::loss:
      scene.title = tr("Loss");
      scene.y_kind = logarithm;
      scene.least = 0;
      add_lines(scene, runs, options,
                {{Phase::train, Quantity::loss, "training", Qt::SolidLine},
                 {Phase::val, Quantity::loss, "held out", Qt::DashLine}});
      break;
    case ChartKind::accuracy:
      scene.title = tr("Accuracy, %");
      scene.unit = u" %"_s;
      scene.least = 0;
      scene.most = 100;
      add_lines(scene, runs, options,
                {{Phase::train, Quantity::top1, "training Top-1", Qt::SolidLine},
                 {Phase::val, Quantity::top1, "held-out Top-1", Qt::DashLine},
                 {Phase::val, Quantity::top5, "held-out Top-5", Qt::DotLine}});
      break;
    case ChartKind::learning_rate:
      scene.title = tr("Learning rate");
      scene.y_kind = logarithm;
      scene.least = 0;
      add_lines(scene, runs, {options.x, 0, false},
                {{Phase::train, Quantity::lr, "", Qt::SolidLine}});
      break;
    case ChartKind::vram:
      scene.title = tr("GPU memory, GiB");
      scene.unit = u" GiB"_s;
      scene.least = 0;
      scene.empty_text = tr("Runs on the CPU use no GPU memory");
      add_lines(scene, runs, {options.x, 0, false},
                {{Phase::train, Quantity::vram, "", Qt::SolidLine, 1.0 / 0x1p30}});
      break;
    case ChartKind::throughput:
      scene.title = tr("Clips a second");
      scene.least = 0;
      add_lines(scene, runs, options,
                {{Phase::train, Quantity::clips_per_second, "", Qt::SolidLine}});
      break;
    case ChartKind::data_wait:
      scene.title = tr("Waiting for data, %");
      scene.unit = u" %"_s;
      scene.least = 0;
      scene.most = 100;
      add_lines(scene, runs, options,
                {{Phase::train, Quantity::data_wait, "", Qt::SolidLine, 100}});
      break;
  }
  return scene;
}

}  // namespace omniq::ui
