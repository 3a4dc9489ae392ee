// Widgets as assistive technology finds them, and what charts show.
#pragma once

#include <QWidget>

#include "ui/widgets/chart/chart_view.h"

namespace omniq::ui::test {

/// The first widget of its kind with this accessible name within `in`; null where there is none.
template <class Widget>
Widget* named(const QWidget* in, const QString& name) {
  for (Widget* widget : in->findChildren<Widget*>()) {
    if (widget->accessibleName() == name) return widget;
  }
  return nullptr;
}

/// How many the first curve of a chart has; 0 where there is none, as while others are read.
inline std::size_t points(const ChartView& chart) {
  const auto& curves = chart.scene().curves;
  return curves.isEmpty() ? 0 : curves.front().raw->size();
}

}  // namespace omniq::ui::test
