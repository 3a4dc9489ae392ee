#include "ui/jobs/evaluate_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/report_pace.h"

namespace omniq::ui {

void EvaluateJob::evaluate(const QString& path, int ticket) {
  constexpr const char* kSmaller = "Take fewer clips at a time: omniq eval RUN eval.batch_size=1.";
  perform(ticket, kSmaller, [&](const std::stop_token& stop) -> Status {
    ReportPace pace;
    pace.start();
    const auto tell = [&](const std::string& phase, std::int64_t done, std::int64_t total) {
      if (pace.due(done, total)) Q_EMIT progress(ticket, phase == "clips", done, total);
    };
    OMNIQ_ASSIGN(Engine * engine, engine());
    OMNIQ_TRY(engine->evaluate(to_path(path), tell, stop));
    Q_EMIT evaluated(ticket, path);
    return {};
  });
}

}  // namespace omniq::ui
