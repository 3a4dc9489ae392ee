#include "ui/widgets/chart/chart_scene.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>

namespace omniq::ui {
namespace {

// Entries of a legend, row by row. Each has its place relative to the legend's corner.
struct LegendPlaces {
  QList<QPointF> at;
  double height = 0;
};
LegendPlaces place_legend(const ChartScene& scene, double width, const QFontMetricsF& metrics) {
  LegendPlaces places;
  const double row = metrics.height() + 4;
  double x = 0, y = 0;
  for (const Curve& curve : scene.curves) {
    const double wide = 26 + metrics.horizontalAdvance(curve.name) + 14;
    if (x > 0 && x + wide > width) x = 0, y += row;
    places.at.append({x, y});
    x += wide;
  }
  places.height = scene.curves.isEmpty() ? 0 : y + row;
  return places;
}

void paint_curve(QPainter& painter, const CurveData& data, const ChartFrame& frame, QPen pen) {
  const int width = static_cast<int>(frame.plot.width());
  QPolygonF points = data.reduced(frame.x, width);
  if (points.isEmpty()) return;
  const bool logarithmic = frame.y_kind == AxisKind::logarithm;
  qsizetype kept = 0;
  for (const QPointF& p : std::as_const(points)) {
    if (logarithmic && !(p.y() > 0)) continue;
    // Far outside of the view a line would cost time and nobody sees where it ends.
    const double y =
        std::clamp(frame.to_y(p.y()), frame.plot.top() - 2e4, frame.plot.bottom() + 2e4);
    points[kept++] = {frame.to_x(p.x()), y};
  }
  points.resize(kept);
  // Full columns look the same without smooth edges, at a fraction of the cost.
  const bool dense = kept > 3 * width;
  painter.setRenderHint(QPainter::Antialiasing, !dense);
  if (dense) pen.setWidthF(1), pen.setStyle(Qt::SolidLine);
  painter.setPen(pen);
  if (kept == 1) {
    painter.setBrush(pen.color());
    painter.setPen(Qt::NoPen);
    painter.drawEllipse(points.front(), 3, 3);
    return;
  }
  painter.setBrush(Qt::NoBrush);
  painter.drawPolyline(points);
  // The few evaluations of a run are points, and look like points.
  if (kept <= 40) {
    painter.setBrush(pen.color());
    painter.setPen(Qt::NoPen);
    for (const QPointF& p : std::as_const(points)) painter.drawEllipse(p, 2, 2);
  }
}

}  // namespace

bool ChartScene::empty() const {
  return std::all_of(curves.begin(), curves.end(),
                     [](const Curve& curve) { return curve.raw->size() == 0; });
}

Range ChartScene::x_extent() const {
  Range all{1e300, -1e300};
  for (const Curve& curve : curves) {
    if (curve.raw->size() == 0) continue;
    all.low = std::min(all.low, curve.raw->x().front());
    all.high = std::max(all.high, curve.raw->x().back());
  }
  if (all.low > all.high) return {0, 1};
  if (all.low == all.high) return {all.low - 0.5, all.high + 0.5};
  return all;
}

Range ChartScene::y_extent(Range x) const {
  Range all{1e300, -1e300};
  for (const Curve& curve : curves) {
    Range one;
    if (!curve.shown().y_range(x, y_kind == AxisKind::logarithm, one)) continue;
    all.low = std::min(all.low, one.low);
    all.high = std::max(all.high, one.high);
  }
  if (all.low > all.high) return y_kind == AxisKind::logarithm ? Range{0.1, 1} : Range{0, 1};
  const Range grown = padded(all, y_kind);
  return {std::max(grown.low, std::min(least, all.low)),
          std::min(grown.high, std::max(most, all.high))};
}

ChartFrame layout_chart(const ChartScene& scene, const QRectF& area, Range x, Range y,
                        const QFont& font, bool legend) {
  double below = 0;
  if (legend) {
    const QFontMetricsF fine(fine_font(font));
    below = kFigureGap + place_legend(scene, area.width() - 2 * kFigureGap, fine).height;
  }
  return layout_axes(scene, area, x, y, font, below);
}

void paint_chart(QPainter& painter, const ChartScene& scene, const ChartFrame& frame,
                 const QRectF& area, const Theme& theme, bool legend) {
  const QFont font = painter.font();
  const QRectF& plot = frame.plot;
  paint_title(painter, scene.title, area, theme);
  if (scene.empty()) {
    painter.setFont(fine_font(font));
    painter.setPen(theme.muted);
    painter.drawText(plot, Qt::AlignCenter | Qt::TextWordWrap, scene.empty_text);
    painter.setFont(font);
    return;
  }
  paint_axes(painter, scene, frame, area, theme);

  painter.save();
  painter.setClipRect(plot.adjusted(-1, -2, 1, 2));
  for (const Curve& curve : scene.curves) {  // what is faint lies below
    if (!curve.smooth) continue;
    QColor faint = curve.color;
    faint.setAlphaF(0.22F);
    paint_curve(painter, *curve.raw, frame, QPen(faint, 1));
  }
  for (const Curve& curve : scene.curves) {
    QPen pen(curve.color, 1.6, curve.style, Qt::FlatCap, Qt::BevelJoin);
    paint_curve(painter, curve.shown(), frame, pen);
  }
  painter.restore();

  if (legend) {
    painter.setFont(fine_font(font));
    const QFontMetricsF fine(painter.font());
    const LegendPlaces places = place_legend(scene, area.width() - 2 * kFigureGap, fine);
    const QPointF corner(area.left() + kFigureGap, area.bottom() - places.height);
    painter.setRenderHint(QPainter::Antialiasing);
    for (qsizetype i = 0; i < scene.curves.size(); ++i) {
      const QPointF at = corner + places.at[i];
      painter.setPen(QPen(scene.curves[i].color, 2, scene.curves[i].style));
      painter.drawLine(at + QPointF(0, fine.height() / 2), at + QPointF(20, fine.height() / 2));
      painter.setPen(theme.text);
      painter.drawText(at + QPointF(26, fine.ascent()), scene.curves[i].name);
    }
  }
  painter.setFont(font);
}

}  // namespace omniq::ui
