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

struct FusionKind {
  std::string name;
  bool sequence;  // sees [CLS, frames] with positions and types; false: the bare frame features
  std::function<std::shared_ptr<Fusion>(const FusionOptions&)> make;
  std::function<FusionProblem(const FusionOptions&)> check;
};

const std::vector<FusionKind>& fusion_kinds();
const FusionKind* find_fusion(const std::string& name);
std::vector<std::string> fusion_names();

}  // namespace omniq::model
