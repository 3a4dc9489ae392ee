// Bidirectional Mamba-2: both directions as one decay-weighted product (state-space duality).
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_mamba2_fusion(const FusionOptions& options);
FusionProblem check_mamba2_fusion(const FusionOptions& options);
FusionSize mamba2_fusion_size(const FusionOptions& options);

}  // namespace omniq::model
