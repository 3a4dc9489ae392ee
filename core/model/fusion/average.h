// The baseline: the mean of the frame features over time.
#pragma once

#include "core/model/fusion/registry.h"

namespace omniq::model {

struct AverageVariant {
  static FusionKind kind() {
    return {.name = "average", .sequence = false, .size = [](const FusionOptions&) {
              return FusionSize{};
            }};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options);
};

}  // namespace omniq::model
