// The baseline: the mean of the frame features over time.
#pragma once

#include <memory>

#include "core/model/fusion/registry.h"

namespace omniq::model {

class Fusion;

std::shared_ptr<Fusion> make_average_fusion(const FusionOptions& options);

}  // namespace omniq::model
