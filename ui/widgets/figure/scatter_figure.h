// One quantity against another: a marker a variant, error bars, and the line that nobody beats.
#pragma once

#include <QPolygonF>

#include "ui/widgets/chart/axes.h"
#include "ui/widgets/figure/figure.h"

namespace omniq::ui {

struct ScatterMark {
  QString name;
  MarkStyle style;
  QPointF at;     // values
  QPointF error;  // ± in x and y; 0: none
};

class ScatterFigure : public Figure {
 public:
  Axes axes;
  double least = -1e300, most = 1e300;  // of y: the view is not grown past these
  QList<ScatterMark> marks;             // one a variant; values that are no numbers are left out
  QPolygonF frontier;                   // values, from left to right
  QString empty_text;

  void paint(QPainter& painter, const QRectF& area, const Theme& theme) const override;
  int mark_at(QPointF point, const QRectF& area, const QFont& font) const override;

 private:
  ChartFrame frame(const QRectF& area, const QFont& font) const;
  QList<int> visible() const;
};

}  // namespace omniq::ui
