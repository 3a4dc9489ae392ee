// A CSV text that was exported.
#pragma once

#include <QStringList>

#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui::test {

inline QList<QStringList> csv_rows(const QString& text) {
  QList<QStringList> rows;
  for (const auto& row : omniq::csv_rows(to_std(text))) {
    rows.emplaceBack();
    for (const std::string& field : row) rows.back().append(to_qt(field));
  }
  return rows;
}

}  // namespace omniq::ui::test
