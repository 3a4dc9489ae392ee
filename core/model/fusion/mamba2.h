// Bidirectional Mamba-2: both directions as one decay-weighted product (state-space duality).
#pragma once

#include <cstdint>
#include <memory>

#include "core/model/fusion/registry.h"

namespace omniq::model {

class Fusion;

inline constexpr std::int64_t kMamba2ConvWidth = 5;   // tokens
inline constexpr std::int64_t kMamba2HeadWidth = 64;  // channels

std::shared_ptr<Fusion> make_mamba2_fusion(const FusionOptions& options);

}  // namespace omniq::model
