// omniq eval
#include <iostream>

#include "app/omniq/command.h"
#include "app/omniq/progress_bar.h"
#include "app/omniq/signals.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/eval/run_evaluation.h"

namespace omniq::app {
namespace {

void print_summary(const eval::RunEvaluation& evaluation, const run::RunFolder& folder) {
  const run::Summary& s = evaluation.record.summary;
  std::cout << "Run         " << shown(s.run) << "\n"
            << "Test list   " << s.clips << " clips of " << shown(s.dataset) << ", split "
            << shown(s.split) << ", " << s.unreadable << " unreadable\n"
            << "Top-1       " << fixed(s.top1, 2) << " %\n"
            << "Top-5       " << fixed(s.top5, 2) << " %\n"
            << "Parameters  " << fixed(static_cast<double>(s.parameters.total) / 1e6, 3) << " M, "
            << fixed(static_cast<double>(s.parameters.trainable) / 1e6, 3) << " M trained\n";
  if (s.memory) {
    std::cout << "Peak VRAM   " << human_bytes(static_cast<std::uint64_t>(s.memory->allocated))
              << " allocated, " << human_bytes(static_cast<std::uint64_t>(s.memory->reserved))
              << " reserved\n";
  }
  if (s.latency) {
    const auto& t = s.latency->timing;
    std::cout << "Latency     " << fixed(t.median, 3) << " ms a batch of " << s.latency->batch
              << " (p10 " << fixed(t.p10, 3) << ", p90 " << fixed(t.p90, 3) << "), "
              << fixed(s.latency->per_clip(), 3) << " ms a clip\n";
  } else {
    std::cout << "Latency     " << s.latency_note << "\n";
  }
  std::cout << "Device      " << s.device << ", " << s.precision << "\n"
            << (evaluation.not_recorded
                    ? ""
                    : cat("Written to  ", shown(run::evaluation_folder(folder, s).string()), "\n"));
}

}  // namespace

void add_eval(CommandLine& line) {
  auto path = std::make_shared<std::string>();
  auto overrides = std::make_shared<std::vector<std::string>>();
  Command command =
      add_command(line, "eval", "Measure a run on its test list", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(*path));
        Result<eval::RunEvaluation> evaluation = [&] {
          const Stoppable stop(/*saves=*/false);
          ProgressBar clips("evaluating", line.progress);
          return eval::evaluate_run(
              folder, *overrides,
              [&](const eval::EvaluationProgress& p) { clips.show(p.done, p.total, p.phase); },
              stop.token());
        }();
        if (!evaluation) return tl::unexpected(evaluation.error());
        if (line.json) {
          std::cout << run::summary_text(evaluation->record) << std::flush;
        } else {
          print_summary(*evaluation, folder);
        }
        if (!evaluation->not_recorded) return kDone;
        log::error(cat("The evaluation is not recorded: ", evaluation->not_recorded->text()));
        return kOther;
      });
  add_progress(line, command);
  command.required("RUN", *path, "Run folder")
      .option("key=value", *overrides,
              "Settings that replace the run's, for example data.root=DIR");
}

}  // namespace omniq::app
