// A bar, or a few beside each other, for each variant.
#pragma once

#include <functional>

#include "ui/widgets/chart/axes.h"
#include "ui/widgets/figure/figure.h"

namespace omniq::ui {

struct BarGroup {
  QString name;
  MarkStyle style;
  QList<double> values;  // one a bar; not a number: not measured
  QList<double> errors;  // ±; not a number: none
};

class BarFigure : public Figure {
 public:
  Axes axes;  // of which x has no marks
  QList<QString>
      bars;  // what the bars of a group are, for the legend; where there is one: no legend
  QList<BarGroup> groups;
  std::function<QString(double)> value_text;
  double most = 1e300;  // the axis does not end above it
  QString empty_text;

  void paint(QPainter& painter, const QRectF& area, const Theme& theme) const override;
  int mark_at(QPointF point, const QRectF& area, const QFont& font) const override;

 private:
  bool empty() const;
  ChartFrame frame(const QRectF& area, const QFont& font) const;
  QRectF slot(int group, const ChartFrame& frame) const;
};

}  // namespace omniq::ui
