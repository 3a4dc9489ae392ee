// What was painted, as a file.
#pragma once

#include <QRectF>
#include <QString>
#include <functional>

#include "core/base/result.h"

class QPainter;

namespace omniq::ui {

/// Paints onto a white page of `size` and writes it as the ending of `file` says: .png (at twice
/// the size), .svg or .pdf. The painter has the program's font.
Status write_picture(const QString& file, const QString& title, QSizeF size,
                     const std::function<void(QPainter&, const QRectF&)>& paint);

/// `file` cannot be written, and why.
Status cannot_write(const QString& file, const QString& why = {});

}  // namespace omniq::ui
