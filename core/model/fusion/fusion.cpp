#include "core/model/fusion/fusion.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace omniq::model {
namespace {

class BlockStack : public Fusion {
 public:
  BlockStack(const FusionOptions& options, const MakeTokenLayer& make_block) {
    for (std::int64_t i = 0; i < options.depth; ++i) {
      blocks_.push_back(register_module("block" + std::to_string(i), make_block()));
    }
    norm_ =
        register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({options.width})));
  }

  torch::Tensor forward(const torch::Tensor& tokens,
                        const std::optional<torch::Tensor>& mask) override {
    torch::Tensor x = tokens;
    for (auto& block : blocks_) x = block->forward(x, mask);
    return norm_(x);
  }

 private:
  std::vector<std::shared_ptr<TokenLayer>> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
};

}  // namespace

torch::Tensor Fusion::read_out(const torch::Tensor& fused, const std::optional<torch::Tensor>&) {
  return fused.select(1, 0);
}

MixerBlock::MixerBlock(std::shared_ptr<TokenLayer> mixer, const FusionOptions& options) {
  const auto norm = torch::nn::LayerNormOptions({options.width});
  norm_ = register_module("norm", torch::nn::LayerNorm(norm));
  mixer_ = register_module("mixer", std::move(mixer));
  ffn_norm_ = register_module("ffn_norm", torch::nn::LayerNorm(norm));
  up_ = register_module("ffn_up", std::make_shared<Linear>(options.width, 4 * options.width));
  down_ = register_module("ffn_down", std::make_shared<Linear>(4 * options.width, options.width));
  dropout_ = register_module("dropout", torch::nn::Dropout(options.dropout));
}

torch::Tensor MixerBlock::forward(const torch::Tensor& tokens,
                                  const std::optional<torch::Tensor>& mask) {
  const auto mixed = mixer_->forward(norm_(tokens), mask);
  return tokens + dropout_(down_->forward(torch::silu(up_->forward(ffn_norm_(mixed)))));
}

std::shared_ptr<Fusion> make_block_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_block) {
  return std::make_shared<BlockStack>(options, make_block);
}

std::shared_ptr<Fusion> make_mixer_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_mixer) {
  return make_block_stack(options,
                          [&] { return std::make_shared<MixerBlock>(make_mixer(), options); });
}

torch::Tensor zero_padding(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) {
  return mask ? x.masked_fill(mask->logical_not().unsqueeze(-1), 0) : x;
}

torch::Tensor centred_depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight,
                                     const torch::Tensor& bias, std::int64_t dilation) {
  const std::int64_t width = weight.size(-1);
  return torch::conv1d(x.transpose(1, 2), weight, bias, /*stride=*/1,
                       /*padding=*/(width / 2) * dilation, dilation,
                       /*groups=*/x.size(2))
      .transpose(1, 2);
}

void init_conv(torch::Tensor weight, torch::Tensor bias, std::int64_t fan_in) {
  const torch::NoGradGuard no_grad;
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  weight.uniform_(-bound, bound);
  bias.uniform_(-bound, bound);
}

void init_step_bias(torch::Tensor bias) {
  const torch::NoGradGuard no_grad;
  const auto step =
      torch::exp(torch::rand_like(bias) * (std::log(0.1) - std::log(0.001)) + std::log(0.001));
  bias.copy_(step + torch::log(-torch::expm1(-step)));  // the inverse of softplus
}

}  // namespace omniq::model
