// A model's parameters as the optimiser takes them, without weight decay.
#pragma once

#include "core/model/omniq.h"
#include "core/train/adamw.h"

namespace omniq::train {

/// All of them, or those behind the encoder.
inline ParameterGroup one_group(const model::OmniQ& model, double peak_lr, bool encoder = true) {
  ParameterGroup group;
  group.peak_lr = peak_lr;
  for (const auto& item : model.named_parameters()) {
    if (!encoder && item.key().starts_with("backbone.")) continue;
    group.names.push_back(item.key());
    group.parameters.push_back(item.value());
  }
  return group;
}

}  // namespace omniq::train
