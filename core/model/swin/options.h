// The shape of a Swin Transformer, and the names of the usual ones. Sees no torch header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace omniq::model {

struct SwinOptions {
  std::int64_t patch = 4;            // side of a patch in pixels
  std::int64_t width = 96;           // channels of the first stage; every later stage doubles them
  std::vector<std::int64_t> depths;  // blocks of each stage
  std::vector<std::int64_t> heads;   // attention heads of each stage; they divide its channels
  std::int64_t window = 7;           // side of an attention window in patches
  double mlp_ratio = 4.0;            // hidden width of a block's MLP ÷ its channels
  double stochastic_depth = 0.2;  // rate of the last block; it grows linearly from 0 in the first
  std::int64_t in_channels = 3;

  /// Channels of the last stage, which the features have; 0 without stages.
  std::int64_t output_width() const { return depths.empty() ? 0 : width << (depths.size() - 1); }
};

/// swin_nano (136,172 parameters), swin_tiny (27,519,354), swin_small, swin_base.
const std::vector<std::string>& swin_names();

/// The options that a name of swin_names() stands for; an unknown name is an error that names the
/// nearest known one.
Result<SwinOptions> swin_options(std::string_view name);

/// Parameters of the encoder.
std::int64_t swin_parameters(const SwinOptions& options);

}  // namespace omniq::model
