#include "ui/models/values/run_series.h"

#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

void cut(Curves& curves, std::size_t size) {
  curves.step.resize(size);
  curves.epoch.resize(size);
  curves.time.resize(size);
  for (std::size_t i = 0; i < run::kMetricCount; ++i) {
    std::vector<double>& column = curves.values[i];
    column.resize(size);
    curves.measured[i] =
        std::any_of(column.begin(), column.end(), [](double v) { return !std::isnan(v); });
  }
}

}  // namespace

Curves::Curves() {
  constexpr double kColumns = run::kMetricCount + 3;
  for (std::size_t i = 0; i < run::kMetricCount; ++i)
    values[i] = growing_column(static_cast<double>(i) / kColumns);
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
  curves.step.push_back(step);
  curves.epoch.push_back(static_cast<double>(row.epoch));
  curves.time.push_back(row.time);
  for (std::size_t i = 0; i < run::kMetricCount; ++i) {
    const double value = row[static_cast<run::Metric>(i)];
    curves.values[i].push_back(value);
    if (!std::isnan(value)) curves.measured[i] = true;
  }
}

}  // namespace omniq::ui
