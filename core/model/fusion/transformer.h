// A pre-norm Transformer encoder over the clip's tokens.
#pragma once

#include <memory>

#include "core/model/fusion/registry.h"

namespace omniq::model {

class Fusion;

std::shared_ptr<Fusion> make_transformer_fusion(const FusionOptions& options);

}  // namespace omniq::model
