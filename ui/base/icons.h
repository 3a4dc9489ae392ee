// Icons of resources/icons in the colours of the theme.
#pragma once

#include <QIcon>

namespace omniq::ui {

/// "play" is resources/icons/play.svg, in the colour of text; `accent` in that of what is chosen.
QIcon icon(const QString& name, bool accent = false);

}  // namespace omniq::ui
