// Bidirectional Mamba: selective state-space scans in both directions of time.
#pragma once

#include <cstdint>
#include <memory>

#include "core/model/fusion/registry.h"

namespace omniq::model {

class Fusion;

inline constexpr std::int64_t kMambaConvWidth = 4;  // tokens
/// Width of the low-rank step projection for tokens of width d.
constexpr std::int64_t mamba_dt_rank(std::int64_t d) { return (d + 15) / 16; }

std::shared_ptr<Fusion> make_mamba_fusion(const FusionOptions& options);

}  // namespace omniq::model
