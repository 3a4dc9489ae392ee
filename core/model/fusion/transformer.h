// A pre-norm Transformer encoder over the clip's tokens.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

std::shared_ptr<Fusion> make_transformer_fusion(const FusionOptions& options);
FusionProblem check_transformer_fusion(const FusionOptions& options);
FusionSize transformer_fusion_size(const FusionOptions& options);

}  // namespace omniq::model
