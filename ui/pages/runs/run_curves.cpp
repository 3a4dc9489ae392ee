#include "ui/pages/runs/run_curves.h"

#include <algorithm>

namespace omniq::ui {
namespace {

double first_time(const RunSeries& series) {
  double start = 1e300;
  for (const Phase phase : {Phase::train, Phase::val}) {
    const auto& time = series.phase(phase).time;
    if (!time.empty()) start = std::min(start, time.front());
  }
  return start;
}

double unit(run::Metric metric) {
  if (metric == run::Metric::vram_bytes) return 1.0 / 0x1p30;  // GiB
  if (metric == run::Metric::data_wait) return 100;            // percent
  return 1;
}

void show(std::shared_ptr<CurveData>& data, const Column& x, const Column& y) {
  if (data) {
    data->grow();
  } else {
    data = std::make_shared<CurveData>(x, y);
  }
}

/// A schedule and a peak have no noise.
bool is_noisy(run::Metric metric) {
  return metric != run::Metric::lr && metric != run::Metric::vram_bytes;
}

}  // namespace

void RunCurves::update(const RunSeries& series, const Form& form) {
  const double start = first_time(series);
  if (generation_ != series.generation()) phases_ = {};
  // Columns are written anew in place: their points stay as many.
  const bool other_x =
      form.x != form_.x || form.steps_per_epoch != form_.steps_per_epoch || start != start_;
  const bool other_smoothing = form.smoothing != form_.smoothing;
  generation_ = series.generation();
  form_ = form;
  start_ = start;
  for (const Phase phase : {Phase::train, Phase::val}) {
    const Curves& rows = series.phase(phase);
    PhaseCurves& curves = phases_[phase == Phase::val];
    if (other_x) curves.x->clear(), curves.last_time = 0;
    extend_x(curves, rows);
    for (std::size_t i = 0; i < run::kMetricCount; ++i) {
      const auto metric = static_cast<run::Metric>(i);
      if (!rows.has(metric)) continue;
      Line& line = curves.lines[i];
      if (other_smoothing) line.smooth.reset();
      extend(line, curves, rows, metric);
      if (form.smoothing > 0 && phase == Phase::train && is_noisy(metric)) smooth(line, curves);
    }
  }
}

void RunCurves::extend_x(PhaseCurves& curves, const Curves& rows) {
  std::vector<double>& x = *curves.x;
  for (std::size_t i = x.size(); i < rows.step.size(); ++i) {
    if (form_.x == XAxis::step) {
      x.push_back(rows.step[i]);
    } else if (form_.x == XAxis::epoch) {
      x.push_back(form_.steps_per_epoch > 0 ? rows.step[i] / form_.steps_per_epoch : rows.epoch[i]);
    } else {  // clocks are set back
      curves.last_time = std::max(curves.last_time, rows.time[i] - start_);
      x.push_back(curves.last_time);
    }
  }
}

void RunCurves::extend(Line& line, const PhaseCurves& curves, const Curves& rows,
                       run::Metric metric) {
  if (!line.raw) {
    const double place = (static_cast<double>(metric) + 0.3) / run::kMetricCount;
    *line.y = growing_column(place);
    *line.smooth_y = growing_column(place + 0.07);
  }
  const std::vector<double>& values = rows.of(metric);
  const double scale = unit(metric);
  for (std::size_t i = line.y->size(); i < values.size(); ++i) line.y->push_back(values[i] * scale);
  show(line.raw, curves.x, line.y);
}

void RunCurves::smooth(Line& line, const PhaseCurves& curves) {
  if (!line.smooth) line.smoother = Smoother(form_.smoothing);
  line.smoother.extend(*line.y, *line.smooth_y);
  show(line.smooth, curves.x, line.smooth_y);
}

const RunCurves::Line& RunCurves::line(Phase phase, run::Metric metric) const {
  return phases_[phase == Phase::val].lines[static_cast<std::size_t>(metric)];
}

std::shared_ptr<const CurveData> RunCurves::raw(Phase phase, run::Metric metric) const {
  return line(phase, metric).raw;
}

std::shared_ptr<const CurveData> RunCurves::smooth(Phase phase, run::Metric metric) const {
  return line(phase, metric).smooth;
}

}  // namespace omniq::ui
