#include "core/model/fusion/registry.h"

#include "core/model/fusion/average.h"
#include "core/model/fusion/gated_conv.h"
#include "core/model/fusion/mamba.h"
#include "core/model/fusion/mamba2.h"
#include "core/model/fusion/transformer.h"

namespace omniq::model {

const std::vector<FusionKind>& fusion_kinds() {
  static const auto fits = [](const FusionOptions&) { return FusionProblem{}; };
  static const std::vector<FusionKind> kinds = {
      {"average", false, make_average_fusion, fits},
      {"transformer", true, make_transformer_fusion, check_transformer_fusion},
      {"mamba", true, make_mamba_fusion, fits},
      {"mamba2", true, make_mamba2_fusion, check_mamba2_fusion},
      {"gated_conv", true, make_gated_conv_fusion, fits},
  };
  return kinds;
}

const FusionKind* find_fusion(const std::string& name) {
  for (const FusionKind& kind : fusion_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

std::vector<std::string> fusion_names() {
  std::vector<std::string> names;
  for (const FusionKind& kind : fusion_kinds()) names.push_back(kind.name);
  return names;
}

}  // namespace omniq::model
