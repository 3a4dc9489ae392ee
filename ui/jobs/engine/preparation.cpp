#include "ui/jobs/engine/preparation.h"

#include "core/train/setup.h"

namespace omniq::ui {

Status prepare_experiment(config::Experiment& experiment) {
  experiment.threads = train::apply_threads(experiment.threads);
  OMNIQ_TRY(train::open_dataset(experiment));
  return {};
}

}  // namespace omniq::ui
