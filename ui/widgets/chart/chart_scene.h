// What a chart shows, and the one function that paints it: on the screen and into files.
#pragma once

#include <QColor>
#include <QList>
#include <memory>

#include "ui/widgets/chart/axes.h"
#include "ui/widgets/chart/curve_data.h"

namespace omniq::ui {

struct Curve {
  QString name;  // for the legend: run and quantity
  QColor color;
  Qt::PenStyle style = Qt::SolidLine;
  std::shared_ptr<const CurveData> raw;
  std::shared_ptr<const CurveData> smooth;  // drawn over a faint `raw`; null: `raw` alone
  const CurveData& shown() const { return smooth ? *smooth : *raw; }
};

struct ChartScene : Axes {
  QString unit;  // of y, behind values
  QList<Curve> curves;
  double least = -1e300, most = 1e300;  // the view is never grown past these: 0 and 100 of percents
  QString empty_text;                   // in the place of curves where there are none

  bool empty() const;
  Range x_extent() const;
  Range y_extent(Range x) const;
};

/// Leaves room for title, axes and, where asked for, a legend below.
ChartFrame layout_chart(const ChartScene& scene, const QRectF& area, Range x, Range y,
                        const QFont& font, bool legend);

void paint_chart(QPainter& painter, const ChartScene& scene, const ChartFrame& frame,
                 const QRectF& area, const Theme& theme, bool legend);

}  // namespace omniq::ui
