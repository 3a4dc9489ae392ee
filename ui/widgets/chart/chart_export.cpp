#include "ui/widgets/chart/chart_export.h"

#include <QFileInfo>
#include <QGuiApplication>
#include <QImage>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <cmath>

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

Status cannot_write(const QString& file, const QString& why = {}) {
  return fail(ErrorCode::io,
              cat(to_std(file), " cannot be written", why.isEmpty() ? "" : ": " + to_std(why), "."),
              "Choose a folder that you may write to, on a disk with room.");
}

// Onto a page of its own colours: a saved chart is for paper, whatever the window looks like.
// Series take the light theme's colours, which are readable there.
void paint_page(QPainter& painter, ChartScene scene, Range x, Range y, QSizeF size) {
  const Theme &light = Theme::get(false), &shown = Theme::current();
  for (Curve& curve : scene.curves) {
    const qsizetype i = shown.series.indexOf(curve.color);
    if (i >= 0) curve.color = light.series[i];
  }
  const QRectF area = QRectF(QPointF(0, 0), size);
  painter.fillRect(area, Qt::white);
  QFont font = QGuiApplication::font();
  painter.setFont(font);
  const QRectF inner = area.adjusted(4, 4, -4, -8);
  paint_chart(painter, scene, layout_chart(scene, inner, x, y, font, true), inner, light, true);
}

QByteArray csv_text(const QString& text) {
  if (!text.contains(u',') && !text.contains(u'"') && !text.contains(u'\n')) return text.toUtf8();
  return "\"" + QString(text).replace(u"\""_s, u"\"\""_s).toUtf8() + "\"";
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
  if (ending == "png"_L1) {
    QImage image((size * 2).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(2);
    QPainter painter(&image);
    paint_page(painter, scene, x, y, size);
    painter.end();
    return image.save(file, "PNG") ? Status() : cannot_write(file);
  }
  if (ending == "svg"_L1) {
    QSvgGenerator svg;
    svg.setFileName(file);
    svg.setSize(size.toSize());
    svg.setViewBox(QRectF(QPointF(0, 0), size));
    svg.setTitle(scene.title);
    QPainter painter;
    if (!painter.begin(&svg)) return cannot_write(file);
    paint_page(painter, scene, x, y, size);
    painter.end();
    return QFileInfo(file).size() > 0 ? Status() : cannot_write(file);
  }
  if (ending == "pdf"_L1) {
    QPdfWriter pdf(file);
    pdf.setTitle(scene.title);
    pdf.setResolution(96);
    pdf.setPageMargins({});
    pdf.setPageSize(QPageSize(size * 0.75, QPageSize::Point, {}, QPageSize::ExactMatch));
    QPainter painter;
    if (!painter.begin(&pdf)) return cannot_write(file);
    paint_page(painter, scene, x, y, size);
    painter.end();
    return QFileInfo(file).size() > 0 ? Status() : cannot_write(file);
  }
  return fail(ErrorCode::usage, cat("'", to_std(file), "' does not say what to write."),
              "End the name in .png, .svg, .pdf or .csv.");
}

}  // namespace omniq::ui
