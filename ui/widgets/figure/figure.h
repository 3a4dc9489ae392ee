// Figures of compared variants: what is common to scatter plots, bars and panels of several.
#pragma once

#include <QFont>
#include <QList>
#include <QRectF>
#include <QString>
#include <memory>

#include "ui/base/theme.h"

class QPainter;

namespace omniq::ui {

enum class MarkerShape { circle, square, triangle, diamond, star };

/// How a variant looks in every figure.
struct MarkStyle {
  int series = 0;  // index of Theme::series
  MarkerShape shape = MarkerShape::circle;
  bool faded = false;  // over a budget
  QColor color(const Theme& theme) const;
};

class Figure {
 public:
  virtual ~Figure() = default;
  virtual void paint(QPainter& painter, const QRectF& area, const Theme& theme) const = 0;
  /// The variant whose mark is at `point` when the figure fills `area`; −1: none.
  virtual int mark_at(QPointF point, const QRectF& area, const QFont& font) const;
};

/// Panels side by side, `columns` in a row; the last one takes what is left of its row.
class FigureGrid : public Figure {
 public:
  FigureGrid(QList<std::shared_ptr<const Figure>> panels, int columns);
  void paint(QPainter& painter, const QRectF& area, const Theme& theme) const override;
  int mark_at(QPointF point, const QRectF& area, const QFont& font) const override;

 private:
  QRectF panel_area(int panel, const QRectF& area) const;
  QList<std::shared_ptr<const Figure>> panels_;
  int columns_;
};

void paint_marker(QPainter& painter, QPointF at, double radius, const MarkStyle& style,
                  const Theme& theme);

/// What stands in the place of a figure that has nothing to show.
void paint_empty(QPainter& painter, const QRectF& area, const QString& text, const Theme& theme);

}  // namespace omniq::ui
