// What variants are compared by, in the units in which people read it.
#pragma once

#include <QString>

namespace omniq::ui {

enum class Metric { top1, top5, latency, peak_vram, params, trainable };
constexpr Metric kMetrics[] = {Metric::top1,      Metric::top5,   Metric::latency,
                               Metric::peak_vram, Metric::params, Metric::trainable};
constexpr int kMetricCount = static_cast<int>(std::size(kMetrics));
/// Quantities that are spent rather than gained.
constexpr Metric kCosts[] = {Metric::latency, Metric::peak_vram, Metric::params, Metric::trainable};

constexpr bool higher_is_better(Metric metric) {
  return metric == Metric::top1 || metric == Metric::top5;
}

/// "Top-1", "Latency".
QString metric_title(Metric metric);
/// "%", "ms a clip", "GiB", "M".
QString metric_unit(Metric metric);
/// "Latency, ms a clip".
QString metric_label(Metric metric);
/// The number alone, with the digits that mean something; a dash for none.
QString metric_text(Metric metric, double value);
/// The column of a CSV file: "latency_ms_per_clip".
QString metric_key(Metric metric);

}  // namespace omniq::ui
