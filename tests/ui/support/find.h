// Widgets as assistive technology finds them.
#pragma once

#include <QWidget>

namespace omniq::ui::test {

/// The first widget of its kind with this accessible name within `in`; null where there is none.
template <class Widget>
Widget* named(const QWidget* in, const QString& name) {
  for (Widget* widget : in->findChildren<Widget*>()) {
    if (widget->accessibleName() == name) return widget;
  }
  return nullptr;
}

}  // namespace omniq::ui::test
