// Pictures of every page, for the documentation and for those who look whether all is well.
#pragma once

#include <QString>

#include "core/base/result.h"

namespace omniq::ui {

class MainWindow;

/// Renders every page into `folder`, as <page>.png and <page>-<view>.png, once what it shows has
/// been read.
Status take_screenshots(MainWindow& window, const QString& folder);

}  // namespace omniq::ui
