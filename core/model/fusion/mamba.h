// Bidirectional Mamba: selective state-space scans in both directions of time.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

struct MambaVariant {
  static constexpr std::int64_t kConvWidth = 4;  // tokens
  /// Width of the low-rank step projection for tokens of width d.
  static constexpr std::int64_t dt_rank(std::int64_t d) { return (d + 15) / 16; }

  static FusionKind kind() {
    return {.name = "mamba",
            .settings = {"fusion.depth", "fusion.d_state", "fusion.expand", "fusion.dropout",
                         "fusion.tie_directions"},
            .size = size};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options);

  static FusionSize size(const FusionOptions& options) {
    const std::int64_t d = options.width, inner = options.expand * d, states = options.d_state;
    const std::int64_t rank = dt_rank(d), sets = options.tie_directions ? 1 : 2;
    FusionSize mixer;
    for (std::int64_t i = 0; i < sets; ++i) {
      mixer.linears.push_back({d, 2 * inner, false});
      mixer.linears.push_back({inner, rank + 2 * states, false});
      mixer.linears.push_back({rank, inner, true});
      mixer.linears.push_back({inner, d, false});
    }
    // Convolution with its bias, A_log, D_skip.
    mixer.other = sets * (inner * (kConvWidth + 1) + inner * states + inner);
    // u and z of each set; convolved u, δ and y of two directions; B and C of two directions.
    mixer.values = (2 * sets + 6) * inner + 4 * states;
    // δ, B and C of the other direction, where it has no layers of its own.
    mixer.products = (2 - sets) * 2 * inner * (rank + states);
    mixer.scans = 2 * inner;
    return mixer_stack_size(options, mixer);
  }
};

}  // namespace omniq::model
