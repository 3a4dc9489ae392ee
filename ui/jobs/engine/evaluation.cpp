#include "ui/jobs/engine/evaluation.h"

#include "core/eval/run_evaluation.h"

namespace omniq::ui {

Status evaluate_folder(
    const std::filesystem::path& run,
    const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress,
    std::stop_token stop) {
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
  OMNIQ_TRY(eval::evaluate_run(
      folder, {}, [&](const eval::EvaluationProgress& p) { progress(p.phase, p.done, p.total); },
      stop));
  return {};
}

}  // namespace omniq::ui
