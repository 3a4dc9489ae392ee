#include "ui/jobs/pace_job.h"

#include <QThread>

#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {

void PaceJob::look(const QString& workspace, const config::Experiment& experiment, int ticket) {
  std::optional<Pace> pace;
  const auto machine =
      engine().and_then([&](Engine* engine) { return engine->find_machine(experiment.device); });
  if (machine) {
    pace = finder_.find(to_path(workspace), experiment, machine->device_name,
                        [this] { return thread()->isInterruptionRequested(); });
  }
  Q_EMIT found(ticket, machine ? std::optional(*machine) : std::nullopt, pace);
}

}  // namespace omniq::ui
