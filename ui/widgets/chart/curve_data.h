// One curve of a chart, reduced to what a screen can show.
#pragma once

#include <QPolygonF>
#include <memory>
#include <vector>

namespace omniq::ui {

using Column = std::shared_ptr<const std::vector<double>>;

struct Range {
  double low = 0, high = 0;
  double span() const { return high - low; }
  bool operator==(const Range&) const = default;
};

/// x rises; a y that is not a number is a gap that is drawn over.
class CurveData {
 public:
  CurveData(Column x, Column y);

  /// To be called whenever points were appended to both columns, before anything else.
  void grow();

  std::size_t size() const { return x_->size(); }
  const std::vector<double>& x() const { return *x_; }
  const std::vector<double>& y() const { return *y_; }

  /// Smallest and largest y for x within `range`, with the points just outside; `positive` leaves
  /// out what a logarithmic axis cannot show. False where there is none.
  bool y_range(Range range, bool positive, Range& out) const;

  /// The curve within `range` on a canvas of `width` pixels: point by point where there are few,
  /// else first, least, largest and last of each pixel's column, so that no peak is lost whatever
  /// the number of points. Coordinates are the curve's own.
  QPolygonF reduced(Range range, int width) const;

  /// The point whose x is nearest; size() where there is none.
  std::size_t nearest(double x) const;

 private:
  struct Extent {
    double low, high;  // low > high: no number among them
    void add(double y) {
      if (y < low) low = y;
      if (y > high) high = y;
    }
    void add(const Extent& e) {
      if (e.low < low) low = e.low;
      if (e.high > high) high = e.high;
    }
  };
  Extent extent(std::size_t first, std::size_t last) const;

  Column x_, y_;
  std::vector<Extent> blocks_;  // of kBlock points each
};

/// Exponential smoothing, unbiased at the beginning: weight 0 changes nothing, towards 1 everything
/// flows together. Gaps stay gaps.
class Smoother {
 public:
  explicit Smoother(double weight) : weight_(weight) {}
  /// Smooths what was added to `y` since the last call; `out` becomes as long.
  void extend(const std::vector<double>& y, std::vector<double>& out);

 private:
  double weight_, mean_ = 0, sum_ = 0;  // sum: of the weights so far, takes the pull to 0 away
  std::size_t done_ = 0;
};

}  // namespace omniq::ui
