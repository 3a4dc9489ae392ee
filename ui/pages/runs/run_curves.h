// A run's curves as charts draw them, made from its rows once and then only made longer.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "ui/models/values/run_series.h"
#include "ui/widgets/chart/curve_data.h"

namespace omniq::ui {

enum class XAxis { step, epoch, time };

class RunCurves {
 public:
  /// How the rows become curves.
  struct Form {
    XAxis x = XAxis::step;
    double smoothing = 0;        // 0 to 1, of training curves
    double steps_per_epoch = 0;  // 0: not known, whole epochs are used
  };

  /// Takes over the rows that are new. Older ones are touched only where the form is another one,
  /// or the run went back to a checkpoint.
  void update(const RunSeries& series, const Form& form);

  /// In the unit of the chart (GiB, percent); null where it was never measured.
  std::shared_ptr<const CurveData> raw(Phase phase, run::Metric metric) const;
  /// Null where the curve is not smoothed.
  std::shared_ptr<const CurveData> smooth(Phase phase, run::Metric metric) const;

 private:
  using Values = std::shared_ptr<std::vector<double>>;
  static Values empty() { return std::make_shared<std::vector<double>>(); }
  struct Line {
    Values y = empty(), smooth_y = empty();
    Smoother smoother{0};
    std::shared_ptr<CurveData> raw, smooth;
  };
  struct PhaseCurves {
    Values x = empty();
    double last_time = 0;
    std::array<Line, run::kMetricCount> lines;
  };
  const Line& line(Phase phase, run::Metric metric) const;
  void extend_x(PhaseCurves& curves, const Curves& rows);
  void extend(Line& line, const PhaseCurves& curves, const Curves& rows, run::Metric metric);
  void smooth(Line& line, const PhaseCurves& curves);

  Form form_;
  double start_ = 0;  // time of the first row
  std::optional<qint64> generation_;
  std::array<PhaseCurves, 2> phases_;
};

}  // namespace omniq::ui
