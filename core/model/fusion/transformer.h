// A pre-norm Transformer encoder over the clip's tokens.
#pragma once

#include "core/base/text.h"
#include "core/model/fusion/registry.h"

namespace omniq::model {

struct TransformerVariant {
  static FusionKind kind() {
    return {.name = "transformer",
            .settings = {"fusion.depth", "fusion.n_heads", "fusion.dropout"},
            .check = check,
            .size = size};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options);

  static FusionProblem check(const FusionOptions& options) {
    if (options.width % options.n_heads == 0) return {};
    return {"fusion.n_heads",
            cat("fusion.n_heads is ", options.n_heads,
                ", which does not divide the fusion's width ", options.width, "."),
            "Use a number of heads that divides it."};
  }

  static FusionSize size(const FusionOptions& options) {
    const std::int64_t d = options.width;
    FusionSize block;
    block.linears.assign(4, {d, d, true});  // query, key, value, out
    block.linears.push_back({d, 4 * d, true});
    block.linears.push_back({4 * d, d, true});
    block.other = 2 * 2 * d;
    block.values = 16 * d;  // norms 4, query, key, value, mixed, 4D before and after GELU
    block.pair_products = 2 * d;
    return stack_size(options, block);
  }
};

}  // namespace omniq::model
