#include "ui/widgets/chart/axes.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

int y_ticks(double height) { return std::max(2, static_cast<int>(height / 30)); }

}  // namespace

QFont fine_font(const QFont& font) {
  QFont f = font;
  f.setPointSizeF(font.pointSizeF() * 0.88);
  return f;
}
QFont title_font(const QFont& font) {
  QFont f = font;
  f.setWeight(QFont::DemiBold);
  return f;
}

double ChartFrame::to_x(double value) const {
  return plot.left() + (value - x.low) / x.span() * plot.width();
}
double ChartFrame::from_x(double pixel) const {
  return x.low + (pixel - plot.left()) / plot.width() * x.span();
}
double ChartFrame::to_y(double value) const {
  const double part = y_kind == AxisKind::logarithm
                          ? std::log(value / y.low) / std::log(y.high / y.low)
                          : (value - y.low) / y.span();
  return plot.bottom() - part * plot.height();
}
double ChartFrame::from_y(double pixel) const {
  const double part = (plot.bottom() - pixel) / plot.height();
  return y_kind == AxisKind::logarithm ? y.low * std::pow(y.high / y.low, part)
                                       : y.low + part * y.span();
}

ChartFrame layout_axes(const Axes& axes, const QRectF& area, Range x, Range y, const QFont& font,
                       double below) {
  const QFontMetricsF fine(fine_font(font)), title(title_font(font));
  ChartFrame frame;
  frame.x = x;
  frame.y = y;
  frame.y_kind = axes.y_kind;
  const double top = axes.title.isEmpty() ? 8 : title.height() + 2 * kFigureGap;
  double bottom = fine.height() + kFigureGap + 4 + below;
  if (!axes.x_title.isEmpty()) bottom += fine.height();
  double widest = 0;
  for (const Tick& tick : ticks(y, axes.y_kind, y_ticks(area.height() - top - bottom)))
    widest = std::max(widest, fine.horizontalAdvance(tick.label));
  double left = std::max(30.0, widest + 2 * kFigureGap);
  if (!axes.y_title.isEmpty()) left += fine.height() + kFigureGap;
  frame.plot = area.adjusted(left, top, -14, -bottom);
  if (frame.plot.width() < 10) frame.plot.setWidth(10);
  if (frame.plot.height() < 10) frame.plot.setHeight(10);
  return frame;
}

void paint_title(QPainter& painter, const QString& title, const QRectF& area, const Theme& theme) {
  if (title.isEmpty()) return;
  const QFont font = painter.font();
  painter.setRenderHint(QPainter::TextAntialiasing);
  painter.setFont(title_font(font));
  painter.setPen(theme.text);
  const QRectF line(area.left() + 2 * kFigureGap, area.top() + kFigureGap,
                    area.width() - 4 * kFigureGap, painter.fontMetrics().height());
  painter.drawText(
      line, Qt::AlignLeft | Qt::AlignVCenter,
      painter.fontMetrics().elidedText(title, Qt::ElideRight, static_cast<int>(line.width())));
  painter.setFont(font);
}

void paint_axes(QPainter& painter, const Axes& axes, const ChartFrame& frame, const QRectF& area,
                const Theme& theme) {
  const QFont font = painter.font();
  painter.setFont(fine_font(font));
  const QFontMetricsF fine(painter.font());
  const QRectF& plot = frame.plot;
  painter.setRenderHint(QPainter::TextAntialiasing);
  painter.setRenderHint(QPainter::Antialiasing, false);
  for (const Tick& tick : ticks(frame.y, axes.y_kind, y_ticks(plot.height()))) {
    const double y = std::round(frame.to_y(tick.value));
    painter.setPen(QPen(theme.grid, 1));
    painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
    painter.setPen(theme.muted);
    painter.drawText(QRectF(area.left(), y - fine.height(), plot.left() - area.left() - kFigureGap,
                            2 * fine.height()),
                     Qt::AlignRight | Qt::AlignVCenter, tick.label);
  }
  const QList<Tick> marks =
      ticks(frame.x, axes.x_kind, std::max(2, static_cast<int>(plot.width() / 62)));
  for (const Tick& tick : marks) {
    const double x = std::round(frame.to_x(tick.value));
    painter.setPen(QPen(theme.grid, 1));
    painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
    painter.setPen(theme.muted);
    const double wide = fine.horizontalAdvance(tick.label);
    const double left = std::clamp(x - wide / 2, area.left(), area.right() - wide);
    painter.drawText(QPointF(left, plot.bottom() + 4 + fine.ascent()), tick.label);
  }
  painter.setPen(QPen(theme.border, 1));
  painter.drawLine(plot.bottomLeft(), plot.bottomRight());
  painter.setPen(theme.muted);
  if (!axes.x_title.isEmpty()) {
    painter.drawText(
        QRectF(plot.left(), plot.bottom() + 4 + fine.height(), plot.width(), fine.height()),
        Qt::AlignCenter, axes.x_title);
  }
  if (!axes.y_title.isEmpty()) {
    painter.save();
    painter.translate(area.left() + 2, plot.bottom());
    painter.rotate(-90);
    painter.drawText(QRectF(0, 0, plot.height(), fine.height()), Qt::AlignCenter, axes.y_title);
    painter.restore();
  }
  painter.setFont(font);
}

}  // namespace omniq::ui
