// Bidirectional Mamba-2: both directions as one decay-weighted product (state-space duality).
#pragma once

#include "core/base/text.h"
#include "core/model/fusion/registry.h"

namespace omniq::model {

struct Mamba2Variant {
  static constexpr std::int64_t kConvWidth = 5;   // tokens
  static constexpr std::int64_t kHeadWidth = 64;  // channels

  static FusionKind kind() {
    return {.name = "mamba2",
            .settings = {"fusion.depth", "fusion.d_state", "fusion.expand", "fusion.dropout"},
            .check = check,
            .size = size};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options);

  static FusionProblem check(const FusionOptions& options) {
    const std::int64_t inner = options.width * options.expand;
    if (inner % kHeadWidth == 0) return {};
    return {"fusion.expand",
            cat("The inner width ", inner, " (width x fusion.expand) is not a multiple of ",
                kHeadWidth, ", the width of a mamba2 head."),
            "Change fusion.d_model or fusion.expand."};
  }

  static FusionSize size(const FusionOptions& options) {
    const std::int64_t d = options.width, inner = options.expand * d, states = options.d_state;
    const std::int64_t mixed = inner + 2 * states, heads = inner / kHeadWidth;
    FusionSize mixer;
    mixer.linears = {{d, inner + mixed + heads, false}, {inner, d, false}};
    // Convolution with its bias; A_log, step bias and D_skip of every head; the norm.
    mixer.other = mixed * (kConvWidth + 1) + 3 * heads + inner;
    // z, y, SiLU(z), the gated and the normed; [u, B, C] before and after convolution and SiLU.
    mixer.values = 5 * inner + 3 * mixed;
    mixer.products = 4 * inner * states;  // each direction's states, made and read
    return mixer_stack_size(options, mixer);
  }
};

}  // namespace omniq::model
