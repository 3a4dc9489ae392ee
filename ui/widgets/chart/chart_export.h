// Charts as files.
#pragma once

#include <QSizeF>

#include "core/base/result.h"
#include "ui/widgets/chart/chart_scene.h"

namespace omniq::ui {

/// The ending says what is written: .png (at twice the size), .svg, .pdf show the ranges on white
/// with a legend; .csv holds all points: series, x, y and, where the chart is smoothed, the
/// smoothed y.
Status export_chart(const ChartScene& scene, Range x, Range y, const QString& file,
                    QSizeF size = {720, 420});

/// The points as CSV text.
QByteArray chart_csv(const ChartScene& scene);

}  // namespace omniq::ui
