// Bidirectional Mamba: selective state-space scans in both directions of time.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_mamba_fusion(const FusionOptions& options);
FusionSize mamba_fusion_size(const FusionOptions& options);

}  // namespace omniq::model
