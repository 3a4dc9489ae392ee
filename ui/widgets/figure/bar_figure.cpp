#include "ui/widgets/figure/bar_figure.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace omniq::ui {
namespace {

constexpr double kWidest = 56;    // pixels
constexpr float kSecond = 0.45F;  // opacity of a group's second bar

double grown(double value, double error) { return value + (std::isnan(error) ? 0 : error); }

}  // namespace

bool BarFigure::empty() const {
  return std::all_of(groups.begin(), groups.end(), [](const BarGroup& group) {
    return std::all_of(group.values.begin(), group.values.end(),
                       [](double value) { return std::isnan(value); });
  });
}

// Bars begin at zero: their lengths are what is compared.
ChartFrame BarFigure::frame(const QRectF& area, const QFont& font) const {
  double high = 0;
  for (const BarGroup& group : groups) {
    for (qsizetype i = 0; i < group.values.size(); ++i) {
      if (!std::isnan(group.values[i]))
        high = std::max(high, grown(group.values[i], group.errors[i]));
    }
  }
  high = high > 0 ? high * 1.1 : 1;
  const QFontMetricsF fine(fine_font(font));
  const double legend = bars.size() > 1 ? fine.height() + kFigureGap : 0;
  return layout_axes(axes, area, {0, static_cast<double>(groups.size())},
                     {0, std::max(std::min(high, most), 1e-12)}, font, legend + 2);
}

QRectF BarFigure::slot(int group, const ChartFrame& f) const {
  const double width = f.plot.width() / static_cast<double>(groups.size());
  return {f.plot.left() + group * width, f.plot.top(), width, f.plot.height()};
}

void BarFigure::paint(QPainter& painter, const QRectF& area, const Theme& theme) const {
  paint_title(painter, axes.title, area, theme);
  if (empty()) return paint_empty(painter, area, empty_text, theme);
  const QFont font = painter.font();
  const ChartFrame f = frame(area, font);
  paint_axes(painter, axes, f, area, theme);
  painter.setFont(fine_font(font));
  const QFontMetricsF fine(painter.font());
  for (int g = 0; g < groups.size(); ++g) {
    const BarGroup& group = groups[g];
    const QRectF place = slot(g, f);
    const auto count = static_cast<double>(group.values.size());
    const double wide = std::min(kWidest, place.width() * 0.72 / count);
    double left = place.center().x() - wide * count / 2;
    for (qsizetype i = 0; i < group.values.size(); ++i, left += wide) {
      const double value = group.values[i];
      const QRectF column(left + wide * 0.06, f.plot.top(), wide * 0.88, f.plot.height());
      painter.setPen(theme.muted);
      if (std::isnan(value)) {
        painter.drawText(column.adjusted(-8, 0, 8, -2), Qt::AlignHCenter | Qt::AlignBottom,
                         value_text(value));
        continue;
      }
      QRectF bar = column;
      bar.setTop(f.to_y(std::min(value, f.y.high)));
      QColor color = group.style.color(theme);
      if (i > 0) color.setAlphaF(color.alphaF() * kSecond);
      painter.setRenderHint(QPainter::Antialiasing);
      painter.setPen(Qt::NoPen);
      painter.setBrush(color);
      painter.drawRect(bar);
      double top = bar.top();
      if (const double error = group.errors[i]; !std::isnan(error) && error > 0) {
        painter.setPen(QPen(theme.text, 1));
        const double x = bar.center().x();
        top = f.to_y(std::min(value + error, f.y.high));
        const double low = f.to_y(std::max(value - error, 0.0));
        painter.drawLine(QPointF(x, low), QPointF(x, top));
        for (const double y : {low, top}) painter.drawLine(QPointF(x - 3, y), QPointF(x + 3, y));
      }
      const QString text = value_text(value);
      if (fine.horizontalAdvance(text) <= (count > 1 ? wide : place.width())) {
        painter.setPen(group.style.faded ? theme.muted : theme.text);
        painter.drawText(
            QRectF(bar.left() - 8, top - fine.height() - 2, bar.width() + 16, fine.height()),
            Qt::AlignCenter, text);
      }
    }
    painter.setPen(group.style.faded ? theme.muted : theme.text);
    painter.drawText(QRectF(place.left(), f.plot.bottom() + 4, place.width(), fine.height()),
                     Qt::AlignCenter,
                     fine.elidedText(group.name, Qt::ElideRight, place.width() - 4));
  }
  if (bars.size() > 1) {
    double x = f.plot.left();
    const double y = area.bottom() - fine.height() - kFigureGap;
    for (qsizetype i = 0; i < bars.size(); ++i) {
      QColor color = theme.text;
      if (i > 0) color.setAlphaF(kSecond);
      painter.fillRect(QRectF(x, y + 3, 12, fine.height() - 6), color);
      painter.setPen(theme.muted);
      painter.drawText(QPointF(x + 17, y + fine.ascent()), bars[i]);
      x += 17 + fine.horizontalAdvance(bars[i]) + 16;
    }
  }
  painter.setFont(font);
}

int BarFigure::mark_at(QPointF point, const QRectF& area, const QFont& font) const {
  if (empty()) return -1;
  const ChartFrame f = frame(area, font);
  for (int g = 0; g < groups.size(); ++g) {
    if (slot(g, f).contains(point)) return g;
  }
  return -1;
}

}  // namespace omniq::ui
