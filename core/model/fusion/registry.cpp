#include "core/model/fusion/registry.h"

#include "core/model/fusion/variants.h"

namespace omniq::model {
namespace {

std::vector<FusionKind>& kinds() {
  static std::vector<FusionKind> all = []<class... Variant>(VariantList<Variant...>) {
    return std::vector<FusionKind>{Variant::kind()...};
  }(Variants{});
  return all;
}

}  // namespace

const std::vector<FusionKind>& fusion_kinds() { return kinds(); }

void add_fusion_kind(FusionKind kind) { kinds().push_back(std::move(kind)); }

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

FusionSize stack_size(const FusionOptions& options, const FusionSize& block) {
  FusionSize all;
  for (std::int64_t i = 0; i < options.depth; ++i)
    all.linears.insert(all.linears.end(), block.linears.begin(), block.linears.end());
  all.other = options.depth * block.other + 2 * options.width;
  all.values = options.depth * block.values;
  all.products = options.depth * block.products;
  all.pair_products = options.depth * block.pair_products;
  all.scans = options.depth * block.scans;
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

}  // namespace omniq::model
