// The fusion variants as they are known without torch: what they are called, which options suit
// them, and what they are made of. A new one is a pair of files in this folder, an entry in
// registry.cpp and one in make.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace omniq::model {

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
  std::function<FusionProblem(const FusionOptions&)> check;
  std::function<FusionSize(const FusionOptions&)> size;
};

const std::vector<FusionKind>& fusion_kinds();
const FusionKind* find_fusion(const std::string& name);
std::vector<std::string> fusion_names();

}  // namespace omniq::model
