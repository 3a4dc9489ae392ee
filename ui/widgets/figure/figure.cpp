#include "ui/widgets/figure/figure.h"

#include <QPainter>
#include <cmath>

#include "ui/widgets/chart/axes.h"

namespace omniq::ui {
namespace {

constexpr float kFaded = 0.28F;

// Corners at the same distances in turn: a triangle, a diamond, a star.
QPolygonF around(QPointF centre, int corners, double outer, double inner) {
  QPolygonF shape;
  const double pi = std::acos(-1.0);
  for (int i = 0; i < corners; ++i) {
    const double angle = 2 * pi * i / corners - pi / 2, radius = i % 2 == 0 ? outer : inner;
    shape.append(centre + radius * QPointF(std::cos(angle), std::sin(angle)));
  }
  return shape;
}

}  // namespace

QColor MarkStyle::color(const Theme& theme) const {
  QColor color = theme.series[series % theme.series.size()];
  if (faded) color.setAlphaF(kFaded);
  return color;
}

int Figure::mark_at(QPointF, const QRectF&, const QFont&) const { return -1; }

FigureGrid::FigureGrid(QList<std::shared_ptr<const Figure>> panels, int columns)
    : panels_(std::move(panels)), columns_(columns) {}

QRectF FigureGrid::panel_area(int panel, const QRectF& area) const {
  const auto count = static_cast<int>(panels_.size());
  const int rows = (count + columns_ - 1) / columns_;
  const int column = panel % columns_, row = panel / columns_;
  const int spanned = panel == count - 1 ? columns_ - column : 1;
  const double width = area.width() / columns_, height = area.height() / rows;
  return {area.left() + column * width, area.top() + row * height, spanned * width, height};
}

void FigureGrid::paint(QPainter& painter, const QRectF& area, const Theme& theme) const {
  for (int i = 0; i < panels_.size(); ++i) panels_[i]->paint(painter, panel_area(i, area), theme);
}

int FigureGrid::mark_at(QPointF point, const QRectF& area, const QFont& font) const {
  for (int i = 0; i < panels_.size(); ++i) {
    const QRectF panel = panel_area(i, area);
    if (panel.contains(point)) return panels_[i]->mark_at(point, panel, font);
  }
  return -1;
}

void paint_marker(QPainter& painter, QPointF at, double radius, const MarkStyle& style,
                  const Theme& theme) {
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(theme.surface, 1));
  painter.setBrush(style.color(theme));
  switch (style.shape) {
    case MarkerShape::circle:
      painter.drawEllipse(at, radius, radius);
      break;
    case MarkerShape::square:
      painter.drawRect(QRectF(at - QPointF(radius, radius) * 0.88, QSizeF(radius, radius) * 1.76));
      break;
    case MarkerShape::triangle:
      painter.drawPolygon(around(at, 3, radius * 1.25, radius * 1.25));
      break;
    case MarkerShape::diamond:
      painter.drawPolygon(around(at, 4, radius * 1.25, radius * 1.25));
      break;
    case MarkerShape::star:
      painter.drawPolygon(around(at, 10, radius * 1.35, radius * 0.6));
      break;
  }
}

void paint_empty(QPainter& painter, const QRectF& area, const QString& text, const Theme& theme) {
  const QFont font = painter.font();
  painter.setFont(fine_font(font));
  painter.setPen(theme.muted);
  painter.drawText(area.adjusted(16, 30, -16, -10), Qt::AlignCenter | Qt::TextWordWrap, text);
  painter.setFont(font);
}

}  // namespace omniq::ui
