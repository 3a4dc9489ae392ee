#include "ui/widgets/figure/scatter_figure.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

constexpr double kRadius = 6, kReach = 12;  // pixels: of a marker, and how far a pointer finds it

// Names beside their markers: at the right where there is room, else at the left, above or below;
// one that would cover another is left out, and read under the pointer.
class Labels {
 public:
  Labels(const QRectF& plot, const QFontMetricsF& metrics) : plot_(plot), metrics_(metrics) {}

  void take(const QRectF& place) { taken_.append(place); }

  QRectF place(const QString& name, QPointF marker) {
    const QSizeF size(metrics_.horizontalAdvance(name) + 2, metrics_.height());
    const double away = kRadius + 4;
    const QPointF corners[] = {marker + QPointF(away, -size.height() / 2),
                               marker + QPointF(-away - size.width(), -size.height() / 2),
                               marker + QPointF(-size.width() / 2, -away - size.height()),
                               marker + QPointF(-size.width() / 2, away)};
    for (const QPointF& corner : corners) {
      const QRectF wanted(corner, size);
      const bool free = std::none_of(taken_.begin(), taken_.end(),
                                     [&](const QRectF& other) { return other.intersects(wanted); });
      if (!free || !plot_.adjusted(-4, -4, 10, 4).contains(wanted)) continue;
      taken_.append(wanted);
      return wanted;
    }
    return {};
  }

 private:
  QRectF plot_;
  QFontMetricsF metrics_;
  QList<QRectF> taken_;
};

Range extent_of(const QList<double>& values, AxisKind kind) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return padded({*low, *high}, kind);
}

}  // namespace

QList<int> ScatterFigure::visible() const {
  QList<int> all;
  for (int i = 0; i < marks.size(); ++i) {
    if (!std::isnan(marks[i].at.x()) && !std::isnan(marks[i].at.y())) all.append(i);
  }
  return all;
}

ChartFrame ScatterFigure::frame(const QRectF& area, const QFont& font) const {
  QList<double> x, y;
  for (const int i : visible()) {
    const ScatterMark& m = marks[i];
    x += {m.at.x() - m.error.x(), m.at.x() + m.error.x()};
    y += {m.at.y() - m.error.y(), m.at.y() + m.error.y()};
  }
  Range y_range = extent_of(y, axes.y_kind);
  y_range = {std::max(y_range.low, std::min(least, y.front())),
             std::min(y_range.high, std::max(most, y.back()))};
  return layout_axes(axes, area, extent_of(x, axes.x_kind), y_range, font);
}

void ScatterFigure::paint(QPainter& painter, const QRectF& area, const Theme& theme) const {
  paint_title(painter, axes.title, area, theme);
  const QList<int> shown = visible();
  if (shown.isEmpty()) return paint_empty(painter, area, empty_text, theme);
  const QFont font = painter.font();
  const ChartFrame f = frame(area, font);
  paint_axes(painter, axes, f, area, theme);
  const auto pixel = [&](QPointF value) { return QPointF(f.to_x(value.x()), f.to_y(value.y())); };

  painter.setRenderHint(QPainter::Antialiasing);
  if (frontier.size() > 1) {
    QPolygonF line;
    for (const QPointF& p : frontier) line.append(pixel(p));
    painter.setPen(QPen(theme.muted, 1.4, Qt::DashLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolyline(line);
  }
  painter.setFont(fine_font(font));
  Labels labels(f.plot, QFontMetricsF(painter.font()));
  for (const int i : shown) {
    const ScatterMark& m = marks[i];
    painter.setPen(QPen(m.style.color(theme), 1.2));
    const auto bar = [&](QPointF by, QPointF cap) {
      const QPointF from = pixel(m.at - by), to = pixel(m.at + by);
      painter.drawLine(from, to);
      painter.drawLine(from - cap, from + cap);
      painter.drawLine(to - cap, to + cap);
    };
    if (m.error.x() > 0) bar({m.error.x(), 0}, {0, 3});
    if (m.error.y() > 0) bar({0, m.error.y()}, {3, 0});
    const QPointF at = pixel(m.at);
    labels.take(QRectF(at - QPointF(kRadius, kRadius), QSizeF(2 * kRadius, 2 * kRadius)));
  }
  for (const int i : shown) {
    const ScatterMark& m = marks[i];
    const QPointF at = pixel(m.at);
    paint_marker(painter, at, kRadius, m.style, theme);
    const QRectF place = labels.place(m.name, at);
    painter.setPen(m.style.faded ? theme.muted : theme.text);
    if (!place.isNull()) painter.drawText(place, Qt::AlignCenter, m.name);
  }
  painter.setFont(font);
}

int ScatterFigure::mark_at(QPointF point, const QRectF& area, const QFont& font) const {
  const QList<int> shown = visible();
  if (shown.isEmpty()) return -1;
  const ChartFrame f = frame(area, font);
  int nearest = -1;
  double least_away = kReach;
  for (const int i : shown) {
    const QPointF away = QPointF(f.to_x(marks[i].at.x()), f.to_y(marks[i].at.y())) - point;
    const double distance = std::hypot(away.x(), away.y());
    if (distance < least_away) nearest = i, least_away = distance;
  }
  return nearest;
}

}  // namespace omniq::ui
