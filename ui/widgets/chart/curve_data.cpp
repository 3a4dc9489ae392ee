#include "ui/widgets/chart/curve_data.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace omniq::ui {
namespace {

constexpr std::size_t kBlock = 128;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

CurveData::CurveData(Column x, Column y) : x_(std::move(x)), y_(std::move(y)) { grow(); }

void CurveData::grow() {
  for (std::size_t begin = blocks_.size() * kBlock; begin + kBlock <= size(); begin += kBlock) {
    // Four at a time do not wait for each other.
    constexpr std::size_t kLanes = 4;
    Extent lanes[kLanes];
    std::fill_n(lanes, kLanes, Extent{kInfinity, -kInfinity});
    for (std::size_t i = 0; i < kBlock; i += kLanes) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane].add((*y_)[begin + i + lane]);
    }
    for (std::size_t lane = 1; lane < kLanes; ++lane) lanes[0].add(lanes[lane]);
    blocks_.push_back(lanes[0]);
  }
}

CurveData::Extent CurveData::extent(std::size_t first, std::size_t last) const {
  Extent all{kInfinity, -kInfinity};
  std::size_t i = first;
  while (i < last) {
    if (i % kBlock == 0 && i + kBlock <= last) {
      all.add(blocks_[i / kBlock]);
      i += kBlock;
    } else {
      all.add((*y_)[i++]);
    }
  }
  return all;
}

bool CurveData::y_range(Range range, bool positive, Range& out) const {
  auto first =
      static_cast<std::size_t>(std::lower_bound(x_->begin(), x_->end(), range.low) - x_->begin());
  auto last =
      static_cast<std::size_t>(std::upper_bound(x_->begin(), x_->end(), range.high) - x_->begin());
  if (first > 0) --first;
  if (last < size()) ++last;
  Extent all = extent(first, last);
  if (positive && all.low <= 0) {  // rare: look again at single points
    all = {kInfinity, -kInfinity};
    for (std::size_t i = first; i < last; ++i) {
      if ((*y_)[i] > 0) all.add((*y_)[i]);
    }
  }
  if (all.low > all.high || !std::isfinite(all.low) || !std::isfinite(all.high)) return false;
  out = {all.low, all.high};
  return true;
}

QPolygonF CurveData::reduced(Range range, int width) const {
  QPolygonF points;
  if (size() == 0 || width <= 0 || !(range.span() > 0)) return points;
  const std::vector<double>&x = *x_, &y = *y_;
  auto first =
      static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), range.low) - x.begin());
  auto last =
      static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), range.high) - x.begin());
  if (first > 0) --first;
  if (last < size()) ++last;
  if (last - first <= static_cast<std::size_t>(width) * 3) {
    for (std::size_t i = first; i < last; ++i) {
      if (std::isfinite(y[i])) points.append({x[i], y[i]});
    }
    return points;
  }
  points.reserve(4 * width + 8);
  const double step = range.span() / width;
  std::size_t begin = first;
  for (int column = 0; column <= width && begin < last; ++column) {
    const double edge = column == width ? kInfinity : range.low + step * (column + 1);
    const auto end = static_cast<std::size_t>(
        std::lower_bound(x.begin() + static_cast<std::ptrdiff_t>(begin),
                         x.begin() + static_cast<std::ptrdiff_t>(last), edge) -
        x.begin());
    if (end == begin) continue;
    const Extent all = extent(begin, end);
    if (all.low <= all.high && std::isfinite(all.low) && std::isfinite(all.high)) {
      const double at = (x[begin] + x[end - 1]) / 2;
      if (std::isfinite(y[begin])) points.append({at, y[begin]});
      points.append({at, all.low});
      if (all.high > all.low) points.append({at, all.high});
      if (std::isfinite(y[end - 1])) points.append({at, y[end - 1]});
    }
    begin = end;
  }
  return points;
}

std::size_t CurveData::nearest(double at) const {
  if (size() == 0) return 0;
  const auto after = std::lower_bound(x_->begin(), x_->end(), at);
  const auto i = static_cast<std::size_t>(after - x_->begin());
  if (i == size()) return size() - 1;
  return i > 0 && at - (*x_)[i - 1] < (*x_)[i] - at ? i - 1 : i;
}

void Smoother::extend(const std::vector<double>& y, std::vector<double>& out) {
  out.resize(y.size());
  // In registers: a slider smooths millions of points.
  const double old_part = weight_, new_part = 1 - weight_;
  double mean = mean_, sum = sum_;
  for (std::size_t i = done_; i < y.size(); ++i) {
    if (!std::isfinite(y[i])) {
      out[i] = std::nan("");
      continue;
    }
    mean = old_part * mean + new_part * y[i];
    sum = old_part * sum + new_part;
    out[i] = mean / sum;
  }
  mean_ = mean;
  sum_ = sum;
  done_ = y.size();
}

}  // namespace omniq::ui
