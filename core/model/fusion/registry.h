// The fusion variants. A new one is a pair of files in this folder and one line in registry.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace omniq::model {

class Fusion;

struct FusionOptions {
  std::int64_t width = 768;  // D
  std::int64_t depth = 2;
  std::int64_t d_state = 128;  // N
  std::int64_t expand = 2;     // E = expand · D
  std::int64_t n_heads = 8;
  double dropout = 0.1;
  bool tie_directions = true;
};

/// Why options do not suit a variant; an empty message when they do.
struct FusionProblem {
  std::string key, message, hint;
};

/// What a variant is made of, known without building it.
struct FusionSize {
  struct Linear {
    std::int64_t in, out;
    bool bias;
  };
  std::vector<Linear> linears;  // of all blocks: what LoRA adapts
  std::int64_t other = 0;       // parameters beside those of the linear layers
  std::int64_t values = 0;      // kept for the backward pass, a token, over all blocks; about
};

struct FusionKind {
  std::string name;
  bool sequence;  // sees [CLS, frames] with positions and types; false: the bare frame features
  std::function<std::shared_ptr<Fusion>(const FusionOptions&)> make;
  std::function<FusionProblem(const FusionOptions&)> check;
  std::function<FusionSize(const FusionOptions&)> size;
};

/// `depth` blocks and the final LayerNorm of a stack whose blocks are like `block`.
FusionSize stack_size(const FusionOptions& options, const FusionSize& block);
/// The same with `mixer` in a pre-norm block with a feed-forward layer, D → 4D → D.
FusionSize mixer_stack_size(const FusionOptions& options, FusionSize mixer);

const std::vector<FusionKind>& fusion_kinds();
const FusionKind* find_fusion(const std::string& name);
std::vector<std::string> fusion_names();

}  // namespace omniq::model
