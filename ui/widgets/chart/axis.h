// Where an axis has its marks, and what stands beside them.
#pragma once

#include <QList>
#include <QString>

#include "ui/widgets/chart/curve_data.h"

namespace omniq::ui {

enum class AxisKind { number, logarithm, duration, none };  // none: without marks

struct Tick {
  double value;
  QString label;  // empty: a mark of a logarithmic axis between the named ones
};

/// About `wanted` marks at round values within the range.
QList<Tick> ticks(Range range, AxisKind kind, int wanted);

/// A value for the crosshair, with the digits that the range shows apart.
QString axis_value(double value, Range range, AxisKind kind);

/// The range grown so that a curve does not touch the frame; never empty.
Range padded(Range range, AxisKind kind);

}  // namespace omniq::ui
