#include "core/assembly/preparation.h"

#include "core/assembly/dataset.h"
#include "core/assembly/fit.h"
#include "core/base/text.h"
#include "core/model/device.h"

namespace omniq::assembly {

Status prepare(config::Experiment& e, bool force) {
  e.threads = model::resolve_threads(e.threads);
  OMNIQ_ASSIGN(const data::Dataset dataset, open_dataset(e));
  if (force) return {};
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e.device));
  return check_fits(e, dataset, free_memory(device));
}

tl::unexpected<Error> no_training_clips(const config::Experiment& e) {
  return fail(ErrorCode::data, cat("There is no training clip under ", e.data.root, "."),
              "Check data.root and data.trainlist; omniq demo-data makes a small set to try.");
}

}  // namespace omniq::assembly
