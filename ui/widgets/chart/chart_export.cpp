#include "ui/widgets/chart/chart_export.h"

#include <QFileInfo>
#include <QPainter>
#include <QSaveFile>
#include <cmath>

#include "core/base/text.h"
#include "ui/base/text.h"
#include "ui/widgets/picture_export.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

// Series take the light theme's colours, which are readable on paper, whatever the window looks
// like.
void paint_page(QPainter& painter, ChartScene scene, Range x, Range y, const QRectF& page) {
  const Theme &light = Theme::get(false), &shown = Theme::current();
  for (Curve& curve : scene.curves) {
    const qsizetype i = shown.series.indexOf(curve.color);
    if (i >= 0) curve.color = light.series[i];
  }
  const QRectF inner = page.adjusted(4, 4, -4, -8);
  paint_chart(painter, scene, layout_chart(scene, inner, x, y, painter.font(), true), inner, light,
              true);
}

QByteArray csv_text(const QString& text) {
  return QByteArray::fromStdString(csv_field(to_std(text)));
}

QByteArray csv_number(double value) {
  return std::isnan(value) ? QByteArray() : QByteArray::number(value, 'g', 15);
}

}  // namespace

QByteArray chart_csv(const ChartScene& scene) {
  const bool smooth = std::any_of(scene.curves.begin(), scene.curves.end(),
                                  [](const Curve& curve) { return curve.smooth != nullptr; });
  QByteArray csv = "series," + csv_text(scene.x_title.toLower()) + "," + csv_text(scene.title);
  csv += smooth ? ",smoothed\n" : "\n";
  for (const Curve& curve : scene.curves) {
    const QByteArray name = csv_text(curve.name);
    for (std::size_t i = 0; i < curve.raw->size(); ++i) {
      csv += name + "," + csv_number(curve.raw->x()[i]) + "," + csv_number(curve.raw->y()[i]);
      if (smooth) csv += "," + csv_number(curve.shown().y()[i]);
      csv += "\n";
    }
  }
  return csv;
}

Status export_chart(const ChartScene& scene, Range x, Range y, const QString& file, QSizeF size) {
  const QString ending = QFileInfo(file).suffix().toLower();
  if (ending == "csv"_L1) {
    QSaveFile out(file);
    if (!out.open(QIODevice::WriteOnly) || out.write(chart_csv(scene)) < 0 || !out.commit())
      return cannot_write(file, out.errorString());
    return {};
  }
  return write_picture(file, scene.title, size, [&](QPainter& painter, const QRectF& page) {
    paint_page(painter, scene, x, y, page);
  });
}

}  // namespace omniq::ui
