#include "core/model/fusion/average.h"

#include <torch/types.h>

#include "core/model/fusion/fusion.h"

namespace omniq::model {
namespace {

class AverageFusion : public Fusion {
 public:
  torch::Tensor forward(const torch::Tensor& tokens, const std::optional<torch::Tensor>&) override {
    return tokens;
  }

  torch::Tensor read_out(const torch::Tensor& fused,
                         const std::optional<torch::Tensor>& mask) override {
    if (!mask) return fused.mean(1);
    return zero_padding(fused, mask).sum(1) / mask->sum(1, /*keepdim=*/true).clamp_min(1);
  }
};

}  // namespace

std::shared_ptr<Fusion> AverageVariant::make(const FusionOptions&) {
  return std::make_shared<AverageFusion>();
}

}  // namespace omniq::model
