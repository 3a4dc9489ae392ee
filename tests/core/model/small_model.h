// A model small enough for tests: swin_nano, width 64, eight positions, three classes.
#pragma once

#include <torch/types.h>
#include <torch/utils.h>

#include <memory>
#include <string>

#include "core/model/omniq.h"

namespace omniq::model {

inline std::shared_ptr<OmniQ> small_model(const std::string& fusion, std::uint64_t seed = 7) {
  torch::manual_seed(seed);
  OmniqOptions options;
  options.seed = seed;
  options.backbone = "swin_nano";
  options.stochastic_depth = 0;
  options.fusion = fusion;
  options.fusion_options.width = 64;
  options.fusion_options.d_state = 16;
  options.fusion_options.n_heads = 4;
  options.max_frames = 8;
  options.classes = 3;
  options.init_std = 0.1;
  options.position_std = 0.3;
  return std::make_shared<OmniQ>(options);
}

}  // namespace omniq::model
