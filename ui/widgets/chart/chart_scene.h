// What a chart shows, and the one function that paints it: on the screen and into files.
#pragma once

#include <QColor>
#include <QFont>
#include <QList>
#include <QRectF>
#include <QString>
#include <memory>

#include "ui/base/theme.h"
#include "ui/widgets/chart/axis.h"
#include "ui/widgets/chart/curve_data.h"

class QPainter;

namespace omniq::ui {

struct Curve {
  QString name;  // for the legend: run and quantity
  QColor color;
  Qt::PenStyle style = Qt::SolidLine;
  std::shared_ptr<const CurveData> raw;
  std::shared_ptr<const CurveData> smooth;  // drawn over a faint `raw`; null: `raw` alone
  const CurveData& shown() const { return smooth ? *smooth : *raw; }
};

struct ChartScene {
  QString title;
  QString x_title;
  AxisKind x_kind = AxisKind::number;
  AxisKind y_kind = AxisKind::number;
  QString unit;  // of y, behind values
  QList<Curve> curves;
  double least = -1e300, most = 1e300;  // the view is never grown past these: 0 and 100 of percents
  QString empty_text;                   // in the place of curves where there are none

  bool empty() const;
  Range x_extent() const;
  Range y_extent(Range x) const;
};

/// The part of the scene that is in view.
struct ChartFrame {
  QRectF plot;
  Range x, y;
  AxisKind y_kind = AxisKind::number;

  double to_x(double value) const;
  double to_y(double value) const;
  double from_x(double pixel) const;
  double from_y(double pixel) const;
};

/// Leaves room for title, axes and, where asked for, a legend below.
ChartFrame layout_chart(const ChartScene& scene, const QRectF& area, Range x, Range y,
                        const QFont& font, bool legend);

void paint_chart(QPainter& painter, const ChartScene& scene, const ChartFrame& frame,
                 const QRectF& area, const Theme& theme, bool legend);

}  // namespace omniq::ui
