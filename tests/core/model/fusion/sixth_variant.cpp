// A sixth fusion variant, which only tests have. A program that is linked with this file has it in
// the registry, and whatever goes through the registry takes it.
#include <torch/types.h>

#include "core/model/fusion/fusion.h"

namespace omniq::model {
namespace {

/// H_t = W Σ_s λ^|t − s| x_s
class DecayMixer : public TokenLayer {
 public:
  explicit DecayMixer(std::int64_t d) {
    rate_ = register_parameter("rate", torch::zeros({1}));  // λ = σ(rate)
    out_ = register_module("out_proj", std::make_shared<Linear>(d, d));
  }

  torch::Tensor forward(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) override {
    const auto rate = at_least_float(rate_);
    const auto t = torch::arange(x.size(1), rate.options());
    const auto shares = torch::sigmoid(rate).pow((t.unsqueeze(0) - t.unsqueeze(1)).abs());
    return out_->forward(torch::matmul(shares.to(x.scalar_type()), zero_padding(x, mask)));
  }

 private:
  torch::Tensor rate_;
  std::shared_ptr<Linear> out_;
};

struct SixthVariant {
  static FusionKind kind() {
    return {.name = "decay",
            .settings = {"fusion.depth", "fusion.dropout"},
            .check =
                [](const FusionOptions& options) {
                  return options.depth < 60 ? FusionProblem{}
                                            : FusionProblem{"fusion.depth", "That is deep.", ""};
                },
            .size =
                [](const FusionOptions& options) {
                  const std::int64_t d = options.width;
                  FusionSize mixer;
                  mixer.linears = {{d, d, true}};
                  mixer.other = 1;
                  mixer.values = 2 * d;
                  mixer.pair_products = d;
                  return mixer_stack_size(options, mixer);
                }};
  }
  static std::shared_ptr<Fusion> make(const FusionOptions& options) {
    return make_mixer_stack(options, [&] { return std::make_shared<DecayMixer>(options.width); });
  }
};

[[maybe_unused]] const bool registered =
    (register_fusion(SixthVariant::kind(), SixthVariant::make), true);

}  // namespace
}  // namespace omniq::model
