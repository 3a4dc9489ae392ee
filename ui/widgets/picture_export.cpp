#include "ui/widgets/picture_export.h"

#include <QFileInfo>
#include <QGuiApplication>
#include <QImage>
#include <QPageSize>
#include <QPainter>
#include <QPdfWriter>
#include <QSvgGenerator>

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

Status cannot_write(const QString& file, const QString& why) {
  return fail(ErrorCode::io,
              cat(to_std(file), " cannot be written", why.isEmpty() ? "" : ": " + to_std(why), "."),
              "Choose a folder that you may write to, on a disk with room.");
}

Status write_picture(const QString& file, const QString& title, QSizeF size,
                     const std::function<void(QPainter&, const QRectF&)>& paint) {
  const auto paint_on = [&](QPaintDevice& device) {
    QPainter painter;
    if (!painter.begin(&device)) return false;
    const QRectF page(QPointF(0, 0), size);
    painter.fillRect(page, Qt::white);
    painter.setFont(QGuiApplication::font());
    paint(painter, page);
    return painter.end();
  };
  const QString ending = QFileInfo(file).suffix().toLower();
  if (ending == "png"_L1) {
    QImage image((size * 2).toSize(), QImage::Format_RGB32);
    image.setDevicePixelRatio(2);
    return paint_on(image) && image.save(file, "PNG") ? Status() : cannot_write(file);
  }
  if (ending == "svg"_L1) {
    QSvgGenerator svg;
    svg.setFileName(file);
    svg.setSize(size.toSize());
    svg.setViewBox(QRectF(QPointF(0, 0), size));
    svg.setTitle(title);
    return paint_on(svg) && QFileInfo(file).size() > 0 ? Status() : cannot_write(file);
  }
  if (ending == "pdf"_L1) {
    QPdfWriter pdf(file);
    pdf.setTitle(title);
    pdf.setResolution(96);
    pdf.setPageMargins({});
    pdf.setPageSize(QPageSize(size * 0.75, QPageSize::Point, {}, QPageSize::ExactMatch));
    return paint_on(pdf) && QFileInfo(file).size() > 0 ? Status() : cannot_write(file);
  }
  return fail(ErrorCode::usage, cat("'", to_std(file), "' does not say what to write."),
              "End the name in .png, .svg or .pdf.");
}

}  // namespace omniq::ui
