// The command line's program, for what runs in a process of its own.
#pragma once

#include <QString>

#include "core/base/result.h"

namespace omniq::ui {

/// `omniq`, which is installed beside this program.
QString command_line_program();

/// Goes on with a run in a process that outlives this one. Error: it could not be started (io).
Status resume_in_background(const QString& run);

}  // namespace omniq::ui
