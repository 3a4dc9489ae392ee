// A model's parameters as the optimiser takes them, without weight decay.
#pragma once

#include "core/model/omniq.h"
#include "core/train/adamw.h"

namespace omniq::train {

/// All of them, or those behind the encoder.
inline ParameterGroup one_group(const model::OmniQ& model, double peak_lr, bool encoder = true) {
  ParameterGroup group;
  group.peak_lr = peak_lr;
  for (const model::Parameter& p : model.parameters_by_role()) {
    if (!encoder && p.part == model::Part::encoder) continue;
    group.names.push_back(p.name);
    group.parameters.push_back(p.tensor);
  }
  return group;
}

}  // namespace omniq::train
