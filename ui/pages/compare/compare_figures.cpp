#include "ui/pages/compare/compare_figures.h"

#include <QCoreApplication>
#include <algorithm>

#include "core/model/fusion/registry.h"
#include "ui/base/text.h"
#include "ui/widgets/figure/bar_figure.h"
#include "ui/widgets/figure/scatter_figure.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("CompareFigures", text); }

constexpr double kMostPercent = 104;  // where an axis ends at the latest: a mark at 100 has room

QString missing(const QList<Metric>& metrics) {
  QStringList names;
  for (const Metric metric : metrics) names.append(metric_title(metric));
  if (metrics.contains(Metric::peak_vram))
    return tr("%1: not measured. Peak VRAM is that of a GPU.").arg(names.join(u", "_s));
  return tr("%1: not measured by these evaluations.").arg(names.join(u", "_s));
}

std::shared_ptr<const Figure> frontier_figure(const QList<FigureVariant>& variants, Metric cost,
                                              Metric gain) {
  auto figure = std::make_shared<ScatterFigure>();
  figure->axes.title = tr("%1 against %2").arg(metric_title(gain), metric_title(cost).toLower());
  figure->axes.x_title = metric_label(cost);
  figure->axes.y_title = metric_label(gain);
  figure->least = 0;
  figure->most = kMostPercent;
  figure->empty_text = missing({cost, gain});
  QList<QPointF> eligible;
  const auto error = [](double deviation) { return std::isnan(deviation) ? 0 : deviation; };
  for (const FigureVariant& v : variants) {
    const Spread &x = v.variant.spread(cost), &y = v.variant.spread(gain);
    MarkStyle style = fusion_style(v.variant.fusion);
    style.faded = v.faded;
    figure->marks.append(
        {v.variant.name, style, {x.mean, y.mean}, {error(x.deviation), error(y.deviation)}});
    if (!v.faded) eligible.append({x.mean, y.mean});
  }
  figure->frontier = pareto_front(eligible);
  return figure;
}

std::shared_ptr<const Figure> bar_figure(const QString& title, const QList<FigureVariant>& variants,
                                         const QList<Metric>& metrics) {
  auto figure = std::make_shared<BarFigure>();
  figure->axes.title = title;
  figure->axes.x_kind = AxisKind::none;
  figure->axes.y_title = metric_unit(metrics.front());
  figure->empty_text = missing(metrics);
  if (higher_is_better(metrics.front())) figure->most = kMostPercent;
  figure->value_text = [metric = metrics.front()](double value) {
    return metric_text(metric, value);
  };
  for (const Metric metric : metrics) figure->bars.append(metric_title(metric));
  for (const FigureVariant& v : variants) {
    BarGroup group;
    group.name = v.variant.name;
    group.style = fusion_style(v.variant.fusion);
    group.style.faded = v.faded;
    for (const Metric metric : metrics) {
      group.values.append(v.variant.mean(metric));
      group.errors.append(v.variant.spread(metric).deviation);
    }
    figure->groups.append(group);
  }
  return figure;
}

}  // namespace

QString figure_title(FigureKind kind) {
  switch (kind) {
    case FigureKind::frontier:
      return tr("Frontier");
    case FigureKind::overview:
      return tr("Overview in five panels");
    case FigureKind::accuracy:
      return tr("Accuracy by fusion");
    case FigureKind::latency:
      return tr("Latency by fusion");
  }
  return {};
}

MarkStyle fusion_style(const QString& fusion) {
  const std::vector<std::string> names = model::fusion_names();
  const auto found = std::find(names.begin(), names.end(), to_std(fusion));
  constexpr int kShapes = static_cast<int>(MarkerShape::star) + 1;
  const auto index = static_cast<int>(found - names.begin());
  return {index, static_cast<MarkerShape>(index % kShapes), false};
}

std::shared_ptr<const Figure> make_figure(FigureKind kind, const QList<FigureVariant>& variants,
                                          Metric cost, Metric gain) {
  const auto accuracy = [&] {
    return bar_figure(tr("Accuracy"), variants, {Metric::top1, Metric::top5});
  };
  const auto latency = [&] { return bar_figure(tr("Latency"), variants, {Metric::latency}); };
  switch (kind) {
    case FigureKind::frontier:
      return frontier_figure(variants, cost, gain);
    case FigureKind::accuracy:
      return accuracy();
    case FigureKind::latency:
      return latency();
    case FigureKind::overview:
      break;
  }
  return std::make_shared<FigureGrid>(
      QList<std::shared_ptr<const Figure>>{
          accuracy(), bar_figure(tr("Parameters"), variants, {Metric::params, Metric::trainable}),
          bar_figure(tr("Peak VRAM"), variants, {Metric::peak_vram}), latency(),
          frontier_figure(variants, cost, gain)},
      3);
}

}  // namespace omniq::ui
