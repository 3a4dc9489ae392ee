// Parts of labels that are written in HTML.
#pragma once

#include <QString>

#include "ui/base/theme.h"

namespace omniq::ui {

/// A name in the muted colour and its value in bold, which stay on one line.
inline QString figure_html(const QString& name, const QString& value) {
  return QStringLiteral("<span style=\"color:%1\">%2</span>&nbsp;<b>%3</b>")
      .arg(Theme::current().muted.name(), name,
           QString(value).replace(u' ', QStringLiteral("&nbsp;")));
}

}  // namespace omniq::ui
