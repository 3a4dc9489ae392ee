#include "ui/models/run_series.h"

#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

void cut(Curves& curves, std::size_t size) {
  curves.step.resize(size);
  curves.epoch.resize(size);
  curves.time.resize(size);
  for (auto& column : curves.values) column.resize(size);
}

}  // namespace

bool Curves::has(Quantity quantity) const {
  const auto& column = of(quantity);
  return std::any_of(column.begin(), column.end(), [](double v) { return !std::isnan(v); });
}

void RunSeries::add(const SeriesNews& news) {
  if (news.from_start) {
    curves_ = {};
    damaged_ = 0;
  }
  for (const run::MetricsRow& row : news.rows) add(row);
  damaged_ += news.damaged;
  ++version_;
}

void RunSeries::add(const run::MetricsRow& row) {
  Curves& curves = curves_[row.phase == "val"];
  const auto step = static_cast<double>(row.step);
  // A run that went back to its checkpoint does those steps again: the new ones count, so that a
  // curve never doubles back.
  if (!curves.step.empty() && step <= curves.step.back()) {
    for (Curves& both : curves_) {
      const auto first = std::lower_bound(both.step.begin(), both.step.end(), step);
      // At the same step the other phase's row stays: an epoch ends with one of each.
      const bool other = &both != &curves;
      cut(both, static_cast<std::size_t>(
                    (other ? std::upper_bound(first, both.step.end(), step) : first) -
                    both.step.begin()));
    }
  }
  const auto maybe = [](const auto& value) {
    return value ? static_cast<double>(*value) : std::nan("");
  };
  curves.step.push_back(step);
  curves.epoch.push_back(static_cast<double>(row.epoch));
  curves.time.push_back(row.time);
  const double values[kQuantities] = {row.loss,
                                      row.top1,
                                      row.top5,
                                      maybe(row.lr),
                                      maybe(row.vram_bytes),
                                      maybe(row.clips_per_second),
                                      maybe(row.data_wait)};
  for (int i = 0; i < kQuantities; ++i)
    curves.values[static_cast<std::size_t>(i)].push_back(values[i]);
}

}  // namespace omniq::ui
