#include "core/model/fusion/registry.h"

#include "core/base/text.h"
#include "core/model/fusion/gated_conv.h"
#include "core/model/fusion/mamba.h"
#include "core/model/fusion/mamba2.h"

namespace omniq::model {
namespace {

FusionProblem any_options(const FusionOptions&) { return {}; }

FusionProblem check_transformer(const FusionOptions& options) {
  if (options.width % options.n_heads == 0) return {};
  return {"fusion.n_heads",
          cat("fusion.n_heads is ", options.n_heads, ", which does not divide the fusion's width ",
              options.width, "."),
          "Use a number of heads that divides it."};
}

FusionProblem check_mamba2(const FusionOptions& options) {
  const std::int64_t inner = options.width * options.expand;
  if (inner % kMamba2HeadWidth == 0) return {};
  return {"fusion.expand",
          cat("The inner width ", inner, " (width x fusion.expand) is not a multiple of ",
              kMamba2HeadWidth, ", the width of a mamba2 head."),
          "Change fusion.d_model or fusion.expand."};
}

/// `depth` blocks and the final LayerNorm of a stack whose blocks are like `block`.
FusionSize stack_size(const FusionOptions& options, const FusionSize& block) {
  FusionSize all;
  for (std::int64_t i = 0; i < options.depth; ++i)
    all.linears.insert(all.linears.end(), block.linears.begin(), block.linears.end());
  all.other = options.depth * block.other + 2 * options.width;
  all.values = options.depth * block.values;
  return all;
}

/// The same with `mixer` in a pre-norm block with a feed-forward layer, D → 4D → D.
FusionSize mixer_stack_size(const FusionOptions& options, FusionSize mixer) {
  const std::int64_t d = options.width;
  mixer.linears.push_back({d, 4 * d, true});
  mixer.linears.push_back({4 * d, d, true});
  mixer.other += 2 * 2 * d;  // two norms
  mixer.values += 12 * d;    // both norms' inputs and outputs, 4D before and after SiLU
  return stack_size(options, mixer);
}

FusionSize average_size(const FusionOptions&) { return {}; }

FusionSize transformer_size(const FusionOptions& options) {
  const std::int64_t d = options.width;
  FusionSize block;
  block.linears.assign(4, {d, d, true});  // query, key, value, out
  block.linears.push_back({d, 4 * d, true});
  block.linears.push_back({4 * d, d, true});
  block.other = 2 * 2 * d;
  block.values = 16 * d;  // norms 4, query, key, value, mixed, 4D before and after GELU
  return stack_size(options, block);
}

FusionSize mamba_size(const FusionOptions& options) {
  const std::int64_t d = options.width, inner = options.expand * d, states = options.d_state;
  const std::int64_t dt_rank = mamba_dt_rank(d), sets = options.tie_directions ? 1 : 2;
  FusionSize mixer;
  for (std::int64_t i = 0; i < sets; ++i) {
    mixer.linears.push_back({d, 2 * inner, false});
    mixer.linears.push_back({inner, dt_rank + 2 * states, false});
    mixer.linears.push_back({dt_rank, inner, true});
    mixer.linears.push_back({inner, d, false});
  }
  // Convolution with its bias, A_log, D_skip.
  mixer.other = sets * (inner * (kMambaConvWidth + 1) + inner * states + inner);
  // u and z of each set; convolved u, δ and y of two directions; B and C of two directions.
  mixer.values = (2 * sets + 6) * inner + 4 * states;
  return mixer_stack_size(options, mixer);
}

FusionSize mamba2_size(const FusionOptions& options) {
  const std::int64_t d = options.width, inner = options.expand * d, states = options.d_state;
  const std::int64_t mixed = inner + 2 * states, heads = inner / kMamba2HeadWidth;
  FusionSize mixer;
  mixer.linears = {{d, inner + mixed + heads, false}, {inner, d, false}};
  // Convolution with its bias; A_log, step bias and D_skip of every head; the norm.
  mixer.other = mixed * (kMamba2ConvWidth + 1) + 3 * heads + inner;
  // z, y, SiLU(z), the gated and the normed; [u, B, C] before and after convolution and SiLU.
  mixer.values = 5 * inner + 3 * mixed;
  return mixer_stack_size(options, mixer);
}

FusionSize gated_conv_size(const FusionOptions& options) {
  const std::int64_t d = options.width;
  FusionSize mixer;
  for (int direction = 0; direction < 2; ++direction) {
    mixer.linears.push_back({d, 2 * d, true});
    mixer.linears.push_back({d, d, true});
  }
  mixer.other = 2 * d * (kGatedConvWidth + 1);
  mixer.values = 2 * 6 * d;  // a and g, σ(g), the convolved, the sum and the product
  return mixer_stack_size(options, mixer);
}

}  // namespace

const std::vector<FusionKind>& fusion_kinds() {
  static const std::vector<FusionKind> kinds = {
      {"average", false, any_options, average_size},
      {"transformer", true, check_transformer, transformer_size},
      {"mamba", true, any_options, mamba_size},
      {"mamba2", true, check_mamba2, mamba2_size},
      {"gated_conv", true, any_options, gated_conv_size},
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
