#include "ui/pages/runs/run_charts.h"

#include <QCoreApplication>
#include <algorithm>

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("RunCharts", text); }

struct Line {
  Phase phase;
  run::Metric metric;
  const char* name;
  Qt::PenStyle style;
  const char* name_on_test_list = name;
};

void add_lines(ChartScene& scene, const QList<ChartedRun>& runs,
               std::initializer_list<Line> lines) {
  for (const ChartedRun& run : runs) {
    for (const Line& line : lines) {
      Curve curve;
      curve.raw = run.curves->raw(line.phase, line.metric);
      if (!curve.raw) continue;
      curve.smooth = run.curves->smooth(line.phase, line.metric);
      const char* name = run.held_out ? line.name : line.name_on_test_list;
      curve.name = *name ? run.name + u" · "_s + tr(name) : run.name;
      curve.color = run.color;
      curve.style = line.style;
      scene.curves.append(std::move(curve));
    }
  }
}

}  // namespace

ChartScene build_chart(ChartKind kind, const QList<ChartedRun>& runs, XAxis x, bool log_y) {
  ChartScene scene;
  scene.x_kind = x == XAxis::time ? AxisKind::duration : AxisKind::number;
  scene.x_title = x == XAxis::step ? tr("Step") : x == XAxis::epoch ? tr("Epoch") : tr("Time");
  scene.empty_text = tr("No values yet");
  const AxisKind logarithm = log_y ? AxisKind::logarithm : AxisKind::number;
  switch (kind) {
    case ChartKind::loss:
      scene.title = tr("Loss");
      scene.y_kind = logarithm;
      scene.least = 0;
      add_lines(scene, runs,
                {{Phase::train, run::Metric::loss, "training", Qt::SolidLine},
                 {Phase::val, run::Metric::loss, "held out", Qt::DashLine, "test list"}});
      break;
    case ChartKind::accuracy:
      scene.title = tr("Accuracy, %");
      scene.unit = u" %"_s;
      scene.least = 0;
      scene.most = 100;
      add_lines(scene, runs,
                {{Phase::train, run::Metric::top1, "training Top-1", Qt::SolidLine},
                 {Phase::val, run::Metric::top1, "held-out Top-1", Qt::DashLine, "test Top-1"},
                 {Phase::val, run::Metric::top5, "held-out Top-5", Qt::DotLine, "test Top-5"}});
      break;
    case ChartKind::learning_rate:
      scene.title = tr("Learning rate");
      scene.y_kind = logarithm;
      scene.least = 0;
      add_lines(scene, runs, {{Phase::train, run::Metric::lr, "", Qt::SolidLine}});
      break;
    case ChartKind::vram:
      scene.title = tr("GPU memory, GiB");
      scene.unit = u" GiB"_s;
      scene.least = 0;
      scene.empty_text = tr("Runs on the CPU use no GPU memory");
      add_lines(scene, runs, {{Phase::train, run::Metric::vram_bytes, "", Qt::SolidLine}});
      break;
    case ChartKind::throughput:
      scene.title = tr("Clips a second");
      scene.least = 0;
      add_lines(scene, runs, {{Phase::train, run::Metric::clips_per_second, "", Qt::SolidLine}});
      break;
    case ChartKind::data_wait:
      scene.title = tr("Waiting for data, %");
      scene.unit = u" %"_s;
      scene.least = 0;
      scene.most = 100;
      add_lines(scene, runs, {{Phase::train, run::Metric::data_wait, "", Qt::SolidLine}});
      break;
  }
  return scene;
}

}  // namespace omniq::ui
