#include "ui/models/values/metric.h"

#include <QCoreApplication>
#include <cmath>

#include "ui/base/format.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("Metric", text); }

}  // namespace

QString metric_title(Metric metric) {
  switch (metric) {
    case Metric::top1:
      return tr("Top-1");
    case Metric::top5:
      return tr("Top-5");
    case Metric::latency:
      return tr("Latency");
    case Metric::peak_vram:
      return tr("Peak VRAM");
    case Metric::params:
      return tr("Parameters");
    case Metric::trainable:
      return tr("Trainable");
  }
  return {};
}

QString metric_unit(Metric metric) {
  switch (metric) {
    case Metric::top1:
    case Metric::top5:
      return u"%"_s;
    case Metric::latency:
      return tr("ms a clip");
    case Metric::peak_vram:
      return u"GiB"_s;
    case Metric::params:
    case Metric::trainable:
      return u"M"_s;
  }
  return {};
}

QString metric_label(Metric metric) {
  return tr("%1, %2").arg(metric_title(metric), metric_unit(metric));
}

QString metric_text(Metric metric, double value) {
  if (std::isnan(value)) return dash();
  if (higher_is_better(metric)) return QString::number(value, 'f', 1);
  // Three digits that count, whatever the size.
  const double size = std::abs(value);
  return QString::number(value, 'f', size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

QString metric_key(Metric metric) {
  switch (metric) {
    case Metric::top1:
      return u"top1_percent"_s;
    case Metric::top5:
      return u"top5_percent"_s;
    case Metric::latency:
      return u"latency_ms_per_clip"_s;
    case Metric::peak_vram:
      return u"peak_vram_gib"_s;
    case Metric::params:
      return u"params_millions"_s;
    case Metric::trainable:
      return u"trainable_params_millions"_s;
  }
  return {};
}

}  // namespace omniq::ui
