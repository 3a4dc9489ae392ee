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
      {"average", false, make_average_fusion, fits, average_fusion_size},
      {"transformer", true, make_transformer_fusion, check_transformer_fusion,
       transformer_fusion_size},
      {"mamba", true, make_mamba_fusion, fits, mamba_fusion_size},
      {"mamba2", true, make_mamba2_fusion, check_mamba2_fusion, mamba2_fusion_size},
      {"gated_conv", true, make_gated_conv_fusion, fits, gated_conv_fusion_size},
  };
  return kinds;
}

FusionSize stack_size(const FusionOptions& options, const FusionSize& block) {
  FusionSize all;
  for (std::int64_t i = 0; i < options.depth; ++i)
    all.linears.insert(all.linears.end(), block.linears.begin(), block.linears.end());
  all.other = options.depth * block.other + 2 * options.width;
  all.values = options.depth * block.values;
  return all;
}

FusionSize mixer_stack_size(const FusionOptions& options, FusionSize mixer) {
  const std::int64_t d = options.width;
  mixer.linears.push_back({d, 4 * d, true});
  mixer.linears.push_back({4 * d, d, true});
  mixer.other += 2 * 2 * d;  // two norms
  mixer.values += 12 * d;    // both norms' inputs and outputs, 4D before and after SiLU
  return stack_size(options, mixer);
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
