// Bidirectional gated convolutions: the mixer that the published parameter count belongs to.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

struct GatedConvVariant {
  static constexpr std::int64_t kWidth = 7;  // tokens

  static FusionKind kind() {
    return {.name = "gated_conv", .settings = {"fusion.depth", "fusion.dropout"}, .size = size};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options);

  static FusionSize size(const FusionOptions& options) {
    const std::int64_t d = options.width;
    FusionSize mixer;
    for (int direction = 0; direction < 2; ++direction) {
      mixer.linears.push_back({d, 2 * d, true});
      mixer.linears.push_back({d, d, true});
    }
    mixer.other = 2 * d * (kWidth + 1);
    mixer.values = 2 * 6 * d;  // a and g, σ(g), the convolved, the sum and the product
    return mixer_stack_size(options, mixer);
  }
};

}  // namespace omniq::model
