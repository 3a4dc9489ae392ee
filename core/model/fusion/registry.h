// The fusion variants as they are known without torch: what they are called, which settings and
// options suit them, what they are made of and what they compute. variants.h lists them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace omniq::model {

class Fusion;  // of fusion.h, which needs torch

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

/// What a variant is made of and computes, known without building it; of all blocks.
struct FusionSize {
  struct Linear {
    std::int64_t in, out;
    bool bias;
    bool operator==(const Linear&) const = default;
  };
  std::vector<Linear> linears;  // what LoRA adapts
  std::int64_t other = 0;       // parameters beside those of the linear layers
  std::int64_t values = 0;      // kept for the backward pass, a token; about

  // Multiplications with additions in matrix products beside one pass of a token through every
  // linear layer: of a token, and of a token with each token of its clip.
  std::int64_t products = 0, pair_products = 0;
  // Selective scans (kernels::selective_scan, of d_state states) of one channel in one direction.
  std::int64_t scans = 0;

  bool operator==(const FusionSize&) const = default;
};

struct FusionKind {
  std::string name;
  bool sequence = true;  // sees [CLS, frames] with positions and types; or the bare frame features
  std::vector<std::string> settings = {};  // "fusion.n_heads": those that it uses, of FusionOptions
  std::function<FusionProblem(const FusionOptions&)> check = [](const FusionOptions&) {
    return FusionProblem{};
  };
  std::function<FusionSize(const FusionOptions&)> size;
};

/// In the order in which users see them.
const std::vector<FusionKind>& fusion_kinds();
const FusionKind* find_fusion(const std::string& name);
std::vector<std::string> fusion_names();

/// Adds a variant that variants.h does not list, before anything asks for them: register_fusion()
/// of fusion.h says how it is made too.
void add_fusion_kind(FusionKind kind);

/// `depth` blocks and the final LayerNorm of a stack whose blocks are like `block`.
FusionSize stack_size(const FusionOptions& options, const FusionSize& block);
/// The same with `mixer` in a pre-norm block with a feed-forward layer, D → 4D → D.
FusionSize mixer_stack_size(const FusionOptions& options, FusionSize mixer);

}  // namespace omniq::model
