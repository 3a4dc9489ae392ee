#include "core/train/setup.h"

#include <torch/nn/module.h>

#include "core/assembly/dataset.h"
#include "core/base/text.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/train/fit.h"

namespace omniq::train {

Status prepare(config::Experiment& e, bool force) {
  e.threads = model::resolve_threads(e.threads);
  OMNIQ_ASSIGN(const data::Dataset dataset, assembly::open_dataset(e));
  if (force) return {};
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e.device));
  return check_fits(e, dataset, free_memory(device));
}

tl::unexpected<Error> no_training_clips(const config::Experiment& e) {
  return fail(ErrorCode::data, cat("There is no training clip under ", e.data.root, "."),
              "Check data.root and data.trainlist; omniq demo-data makes a small set to try.");
}

std::vector<ParameterGroup> parameter_groups(const model::OmniQ& model,
                                             const config::Experiment& e) {
  std::vector<ParameterGroup> groups;
  for (const bool backbone : {true, false}) {
    for (const bool decays : {true, false}) {
      ParameterGroup group;
      group.peak_lr = backbone ? e.optim.lr_backbone : e.optim.lr_head;
      group.weight_decay = decays ? e.optim.weight_decay : 0;
      for (const model::Parameter& p : model.parameters_by_role()) {
        if (!p.tensor.requires_grad() || (p.part == model::Part::encoder) != backbone ||
            model::decays(p.role) != decays) {
          continue;
        }
        group.names.push_back(p.name);
        group.parameters.push_back(p.tensor);
      }
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

StepOptions step_options(const config::Experiment& e, model::Precision precision) {
  return {precision, e.train.label_smoothing, e.optim.clip_norm,
          static_cast<std::uint64_t>(e.seed)};
}

}  // namespace omniq::train
