#include "ui/jobs/pace_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"

namespace omniq::ui {

void PaceJob::look(const QString& workspace, const config::Experiment& experiment, int ticket) {
  perform(ticket, {}, [&](const std::stop_token& stop) -> Status {
    OMNIQ_ASSIGN(Engine * engine, engine());
    const auto machine = engine->find_machine(experiment.device);
    std::optional<Pace> pace;
    if (machine) {
      pace = finder_.find(to_path(workspace), experiment, machine->device_name,
                          [&] { return stop.stop_requested(); });
    }
    Q_EMIT found(ticket, machine ? std::optional(*machine) : std::nullopt, pace);
    return {};
  });
}

}  // namespace omniq::ui
