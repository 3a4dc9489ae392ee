// The baseline: the mean of the frame features over time.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_average_fusion(const FusionOptions& options);
FusionSize average_fusion_size(const FusionOptions& options);

}  // namespace omniq::model
