#include "core/train/setup.h"

#include <torch/nn/module.h>

#include "core/train/objectives/classification.h"

namespace omniq::train {

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

std::unique_ptr<Objective> make_objective(model::OmniQ& model, const config::Experiment& e,
                                          model::Precision precision) {
  return std::make_unique<Classification>(model, precision, e.train.label_smoothing,
                                          static_cast<std::uint64_t>(e.seed));
}

}  // namespace omniq::train
