#include "ui/models/readers/evaluation.h"

#include "core/run/run_folder.h"
#include "ui/base/text.h"

namespace omniq::ui {

Result<EvaluationFiles> read_evaluation(const std::filesystem::path& run) {
  EvaluationFiles files;
  OMNIQ_ASSIGN(files.record, run::read_evaluation(run / "eval"));
  if (const auto opened = run::RunFolder::open(run)) {
    if (const auto experiment = opened->experiment())
      files.data_root = to_qt(experiment->data.root);
  }
  return files;
}

}  // namespace omniq::ui
