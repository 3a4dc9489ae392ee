#include "ui/models/values/comparison.h"

#include <QMap>
#include <algorithm>

#include "core/model/fusion/registry.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

Spread spread_of(const QList<const Measurement*>& runs, Metric metric) {
  Spread s;
  double sum = 0;
  for (const Measurement* run : runs) {
    if (std::isnan(run->value(metric))) continue;
    sum += run->value(metric);
    ++s.runs;
  }
  if (s.runs == 0) return s;
  s.mean = sum / s.runs;
  if (s.runs < 2) return s;
  double squares = 0;
  for (const Measurement* run : runs) {
    const double value = run->value(metric);
    if (!std::isnan(value)) squares += (value - s.mean) * (value - s.mean);
  }
  s.deviation = std::sqrt(squares / (s.runs - 1));
  return s;
}

// "depth 4" for fusion.depth: the last part says it, and the name is read beside the fusion's.
QString setting_text(const QString& key, const QString& value) {
  return key.section(u'.', -1) + u' ' + (value.isEmpty() ? u"none"_s : value.section(u'/', -1));
}

}  // namespace

QList<Conditions> conditions_of(const QList<Measurement>& measurements) {
  QList<Conditions> all;
  for (const Measurement& m : measurements) {
    auto found =
        std::find_if(all.begin(), all.end(), [&](const Conditions& c) { return c.holds_for(m); });
    if (found == all.end()) found = all.insert(all.end(), {m.protocol, m.device, 0});
    ++found->runs;
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Conditions& a, const Conditions& b) { return a.runs > b.runs; });
  return all;
}

QList<Variant> variants_of(const QList<Measurement>& measurements, const Conditions& conditions) {
  QMap<QStringList, QList<const Measurement*>> groups;
  for (const Measurement& m : measurements) {
    if (conditions.holds_for(m)) groups[m.settings].append(&m);
  }
  QList<Variant> variants;
  for (const std::string& fusion : model::fusion_names()) {
    QList<QStringList> of_fusion;
    for (auto group = groups.cbegin(); group != groups.cend(); ++group) {
      if (group.value().front()->fusion == to_qt(fusion)) of_fusion.append(group.key());
    }
    for (const QStringList& settings : std::as_const(of_fusion)) {
      Variant v;
      v.fusion = to_qt(fusion);
      QStringList name = {v.fusion};
      for (qsizetype i = 0; i < settings.size(); ++i) {
        const bool differs = std::any_of(of_fusion.begin(), of_fusion.end(),
                                         [&](const auto& o) { return o[i] != settings[i]; });
        if (differs) name.append(setting_text(variant_keys()[i], settings[i]));
      }
      v.name = name.join(u", "_s);
      QList<const Measurement*>& runs = groups[settings];
      std::sort(runs.begin(), runs.end(),
                [](const Measurement* a, const Measurement* b) { return a->id < b->id; });
      for (const Measurement* run : runs) {
        v.runs.append(run->run);
        v.ids.append(run->id);
      }
      for (const Metric metric : kMetrics)
        v.spreads[static_cast<std::size_t>(metric)] = spread_of(runs, metric);
      variants.append(v);
    }
  }
  return variants;
}

QPolygonF pareto_front(const QList<QPointF>& points) {
  QList<QPointF> sorted;
  for (const QPointF& p : points) {
    if (!std::isnan(p.x()) && !std::isnan(p.y())) sorted.append(p);
  }
  std::sort(sorted.begin(), sorted.end(), [](const QPointF& a, const QPointF& b) {
    return a.x() != b.x() ? a.x() < b.x() : a.y() > b.y();
  });
  QPolygonF front;
  for (const QPointF& p : std::as_const(sorted)) {
    if (front.isEmpty() || p.y() > front.back().y()) front.append(p);
  }
  return front;
}

}  // namespace omniq::ui
