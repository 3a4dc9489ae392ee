#include "core/model/fusion/gated_conv.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/model/fusion/fusion.h"

namespace omniq::model {
namespace {

/// [a, g] = x W_1 (D → 2D); out = (σ(g) ⊙ (a + depthwise_conv(x, width 7, centred))) W_2 (D → D).
class GatedConv : public InitialisedModule {
 public:
  GatedConv(std::int64_t d, std::int64_t dilation) : dilation_(dilation) {
    in_ = register_module("in_proj", std::make_shared<Linear>(d, 2 * d));
    conv_weight_ = random_parameter("conv_weight", {d, 1, GatedConvVariant::kWidth},
                                    uniform_by_fan_in(GatedConvVariant::kWidth));
    conv_bias_ = random_parameter("conv_bias", {d}, uniform_by_fan_in(GatedConvVariant::kWidth));
    out_ = register_module("out_proj", std::make_shared<Linear>(d, d));
  }

  torch::Tensor forward(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) {
    const auto parts = in_->forward(x).chunk(2, -1);
    const auto type = x.scalar_type();  // inference may keep these in float32
    const auto mixed = centred_depthwise_conv(zero_padding(x, mask), conv_weight_.to(type),
                                              conv_bias_.to(type), dilation_);
    return out_->forward(torch::sigmoid(parts[1]) * (parts[0] + mixed));
  }

 private:
  std::int64_t dilation_;
  std::shared_ptr<Linear> in_, out_;
  torch::Tensor conv_weight_, conv_bias_;
};

/// The mean of two untied directions, which differ in dilation: being centred, they need no
/// reversal.
class GatedConvMixer : public TokenLayer {
 public:
  explicit GatedConvMixer(std::int64_t d) {
    near_ = register_module("direction0", std::make_shared<GatedConv>(d, 1));
    far_ = register_module("direction1", std::make_shared<GatedConv>(d, 2));
  }

  torch::Tensor forward(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) override {
    return 0.5 * (near_->forward(x, mask) + far_->forward(x, mask));
  }

 private:
  std::shared_ptr<GatedConv> near_, far_;
};

}  // namespace

std::shared_ptr<Fusion> GatedConvVariant::make(const FusionOptions& options) {
  return make_mixer_stack(options, [&] { return std::make_shared<GatedConvMixer>(options.width); });
}

}  // namespace omniq::model
