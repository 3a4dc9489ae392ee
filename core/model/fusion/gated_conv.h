// Bidirectional gated convolutions: the mixer that the published parameter count belongs to.
#pragma once

#include <cstdint>
#include <memory>

#include "core/model/fusion/registry.h"

namespace omniq::model {

class Fusion;

inline constexpr std::int64_t kGatedConvWidth = 7;  // tokens

std::shared_ptr<Fusion> make_gated_conv_fusion(const FusionOptions& options);

}  // namespace omniq::model
