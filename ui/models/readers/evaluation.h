// What an evaluation left in a run.
#pragma once

#include <QString>
#include <filesystem>

#include "core/run/evaluation.h"

namespace omniq::ui {

struct EvaluationFiles {
  run::Evaluation record;
  QString data_root;  // where the clips are
};

/// Of a run's own list. May take a while, so call it off the GUI thread.
Result<EvaluationFiles> read_evaluation(const std::filesystem::path& run);

}  // namespace omniq::ui
