// Bidirectional gated convolutions: the mixer that the published parameter count belongs to.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_gated_conv_fusion(const FusionOptions& options);
FusionSize gated_conv_fusion_size(const FusionOptions& options);

}  // namespace omniq::model
