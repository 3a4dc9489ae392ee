#include "core/model/weights/layouts.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/base/text.h"

namespace omniq::model {
namespace {

bool any_name(const StateDict& state, std::string_view part) {
  return std::any_of(state.begin(), state.end(),
                     [&](const auto& item) { return item.first.find(part) != std::string::npos; });
}

// The number after `part` in the names that have it: how many blocks a stage has.
std::int64_t count_after(const StateDict& state, std::string_view part) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : state) {
    const std::size_t at = name.find(part);
    if (at == std::string::npos) continue;
    std::int64_t number = 0;
    const char* begin = name.data() + at + part.size();
    if (std::from_chars(begin, name.data() + name.size(), number).ec == std::errc() &&
        number < 1000) {
      count = std::max(count, number + 1);
    }
  }
  return count;
}

// Channels of the first stage: of the convolution that makes patches.
std::int64_t width_of(const StateDict& state, std::string_view patches) {
  for (const auto& [name, tensor] : state) {
    if (name.ends_with(patches) && tensor.dim() == 4) return tensor.size(0);
  }
  return 0;
}

struct Layout {
  const char* owner;
  const char* patches;      // the weight that makes patches
  const char* third_stage;  // before the number of a block
};
constexpr Layout kTorchvision = {"torchvision's", "features.0.0.weight", "features.5."},
                 kMicrosoft = {"Microsoft's", "patch_embed.proj.weight", "layers.2.blocks."},
                 kTimm = {"timm's", "patch_embed.proj.weight", "layers.2.blocks."},
                 kHuggingFace = {"Hugging Face's", "patch_embeddings.projection.weight",
                                 "encoder.layers.2.blocks."};

const Layout* find_layout(const StateDict& state) {
  if (any_name(state, "patch_embeddings.projection.") || any_name(state, "attention.self.query."))
    return &kHuggingFace;
  if (any_name(state, "layers.0.blocks.0.")) {
    // timm merges patches at the beginning of a stage, Microsoft at the end of the one before.
    const bool timm =
        any_name(state, "head.fc.") || any_name(state, "layers.3.downsample.") ||
        (any_name(state, "layers.1.downsample.") && !any_name(state, "layers.0.downsample."));
    return timm ? &kTimm : &kMicrosoft;
  }
  if (any_name(state, "features.1.0.attn.")) return &kTorchvision;
  return nullptr;
}

}  // namespace

std::string describe_layout(const StateDict& state) {
  if (any_name(state, "fusion.") && any_name(state, "backbone.features."))
    return "an OmniQ checkpoint";
  const Layout* layout = find_layout(state);
  if (!layout) return {};
  const std::int64_t width = width_of(state, layout->patches);
  const std::int64_t blocks = count_after(state, layout->third_stage);
  const bool second = any_name(state, "logit_scale") || any_name(state, "cpb_mlp");
  const char* size = width == 96 && blocks == 6    ? "-T"
                     : width == 96 && blocks == 18 ? "-S"
                     : width == 128                ? "-B"
                     : width == 192                ? "-L"
                                                   : "";
  return cat(layout->owner, " Swin", second ? "-V2" : "", size);
}

}  // namespace omniq::model
