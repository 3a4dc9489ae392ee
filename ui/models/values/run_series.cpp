#include "ui/models/values/run_series.h"

#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

void cut(Curves& curves, std::size_t size) {
  curves.step.resize(size);
  curves.epoch.resize(size);
  curves.time.resize(size);
  for (std::size_t i = 0; i < kQuantities; ++i) {
    std::vector<double>& column = curves.values[i];
    column.resize(size);
    curves.measured[i] =
        std::any_of(column.begin(), column.end(), [](double v) { return !std::isnan(v); });
  }
}

}  // namespace

Curves::Curves() {
  constexpr double kColumns = kQuantities + 3;
  for (int i = 0; i < kQuantities; ++i)
    values[static_cast<std::size_t>(i)] = growing_column(i / kColumns);
  step = growing_column((kColumns - 3) / kColumns);
  epoch = growing_column((kColumns - 2) / kColumns);
  time = growing_column((kColumns - 1) / kColumns);
}

void RunSeries::add(const SeriesNews& news) {
  if (news.from_start) {
    curves_ = {};
    damaged_ = 0;
    ++generation_;
  }
  for (const run::MetricsRow& row : news.rows) add(row);
  damaged_ += news.damaged;
}

void RunSeries::add(const run::MetricsRow& row) {
  Curves& curves = curves_[row.phase != "train"];
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
    ++generation_;
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
  for (std::size_t i = 0; i < kQuantities; ++i) {
    curves.values[i].push_back(values[i]);
    if (!std::isnan(values[i])) curves.measured[i] = true;
  }
}

}  // namespace omniq::ui
