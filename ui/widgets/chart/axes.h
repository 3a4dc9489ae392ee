// The frame of every figure: title, axes with their marks, and how values become pixels.
#pragma once

#include <QFont>
#include <QRectF>
#include <QString>

#include "ui/base/theme.h"
#include "ui/widgets/chart/axis.h"

class QPainter;

namespace omniq::ui {

struct Axes {
  QString title;
  QString x_title, y_title;  // empty: none
  AxisKind x_kind = AxisKind::number;
  AxisKind y_kind = AxisKind::number;
};

/// The part of a figure that is in view.
struct ChartFrame {
  QRectF plot;
  Range x, y;
  AxisKind y_kind = AxisKind::number;

  double to_x(double value) const;
  double to_y(double value) const;
  double from_x(double pixel) const;
  double from_y(double pixel) const;
};

/// Space between the parts of a figure, in pixels.
constexpr double kFigureGap = 6;

/// Fonts of marks and of titles, from a widget's.
QFont fine_font(const QFont& font);
QFont title_font(const QFont& font);

/// Leaves room for title, axes and `below` pixels under them.
ChartFrame layout_axes(const Axes& axes, const QRectF& area, Range x, Range y, const QFont& font,
                       double below = 0);

void paint_title(QPainter& painter, const QString& title, const QRectF& area, const Theme& theme);
/// Grid, marks and the axes' titles.
void paint_axes(QPainter& painter, const Axes& axes, const ChartFrame& frame, const QRectF& area,
                const Theme& theme);

}  // namespace omniq::ui
