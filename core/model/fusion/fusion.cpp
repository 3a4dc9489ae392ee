#include "core/model/fusion/fusion.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>

#include "core/model/fusion/variants.h"

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
    of_norm_ = InferenceNorm(norm_);
  }

  torch::Tensor forward(const torch::Tensor& tokens,
                        const std::optional<torch::Tensor>& mask) override {
    torch::Tensor x = tokens;
    for (auto& block : blocks_) x = block->forward(x, mask);
    return torch::GradMode::is_enabled() ? norm_(x) : of_norm_(x).norm;
  }

 private:
  std::vector<std::shared_ptr<TokenLayer>> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
  InferenceNorm of_norm_;
};

/// A BlockStack of MixerBlocks; without gradients, fewer and larger operators.
class MixerStack : public Fusion {
 public:
  MixerStack(const FusionOptions& options, const MakeTokenLayer& make_mixer) {
    for (std::int64_t i = 0; i < options.depth; ++i) {
      blocks_.push_back(register_module("block" + std::to_string(i),
                                        std::make_shared<MixerBlock>(make_mixer(), options)));
    }
    norm_ =
        register_module("norm", torch::nn::LayerNorm(torch::nn::LayerNormOptions({options.width})));
    of_norm_ = InferenceNorm(norm_);
  }

  torch::Tensor forward(const torch::Tensor& tokens,
                        const std::optional<torch::Tensor>& mask) override {
    torch::Tensor x = tokens;
    if (torch::GradMode::is_enabled() || is_training()) {
      for (auto& block : blocks_) x = block->forward(x, mask);
      return norm_(x);
    }
    const auto norm_before = [&](std::size_t i) -> InferenceNorm& {
      return i < blocks_.size() ? blocks_[i]->norm() : of_norm_;
    };
    torch::Tensor normed = norm_before(0)(x).norm;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      auto after = norm_before(i + 1)(x, blocks_[i]->branch(normed, mask));
      x = after.sum, normed = after.norm;
    }
    return normed;
  }

 private:
  std::vector<std::shared_ptr<MixerBlock>> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
  InferenceNorm of_norm_;
};

std::map<std::string, MakeFusion>& makers() {
  static std::map<std::string, MakeFusion> all = []<class... Variant>(VariantList<Variant...>) {
    return std::map<std::string, MakeFusion>{{Variant::kind().name, Variant::make}...};
  }(Variants{});
  return all;
}

}  // namespace

std::shared_ptr<Fusion> make_fusion(const std::string& name, const FusionOptions& options) {
  const auto found = makers().find(name);
  TORCH_CHECK(found != makers().end(), "there is no fusion called ", name);
  return found->second(options);
}

void register_fusion(FusionKind kind, MakeFusion make) {
  makers().emplace(kind.name, make);
  add_fusion_kind(std::move(kind));
}

torch::Tensor Fusion::read_out(const torch::Tensor& fused, const std::optional<torch::Tensor>&) {
  return fused.select(1, 0);
}

MixerBlock::MixerBlock(std::shared_ptr<TokenLayer> mixer, const FusionOptions& options) {
  const auto norm = torch::nn::LayerNormOptions({options.width});
  norm_ = register_module("norm", torch::nn::LayerNorm(norm));
  mixer_ = register_module("mixer", std::move(mixer));
  ffn_norm_ = register_module("ffn_norm", torch::nn::LayerNorm(norm));
  of_norm_ = InferenceNorm(norm_);
  of_ffn_norm_ = InferenceNorm(ffn_norm_);
  up_ = register_module("ffn_up", std::make_shared<Linear>(options.width, 4 * options.width));
  down_ = register_module("ffn_down", std::make_shared<Linear>(4 * options.width, options.width));
  dropout_ = register_module("dropout", std::make_shared<Dropout>(options.dropout));
}

torch::Tensor MixerBlock::forward(const torch::Tensor& tokens,
                                  const std::optional<torch::Tensor>& mask) {
  const auto mixed = mixer_->forward(norm_(tokens), mask);
  return tokens + dropout_->forward(down_->forward(torch::silu(up_->forward(ffn_norm_(mixed)))));
}

torch::Tensor MixerBlock::branch(const torch::Tensor& normed,
                                 const std::optional<torch::Tensor>& mask) {
  const auto mixed = of_ffn_norm_(mixer_->forward(normed, mask)).norm;
  torch::Tensor hidden = up_->forward(mixed);
  return down_->forward(torch::silu_(hidden));
}

kernels::SumAndNorm InferenceNorm::operator()(const torch::Tensor& x,
                                              const std::optional<torch::Tensor>& delta) {
  return kernels::residual_layer_norm(x, delta, as_float(weight_, norm_->weight),
                                      as_float(bias_, norm_->bias));
}

std::shared_ptr<Fusion> make_block_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_block) {
  return std::make_shared<BlockStack>(options, make_block);
}

std::shared_ptr<Fusion> make_mixer_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_mixer) {
  return std::make_shared<MixerStack>(options, make_mixer);
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

Initial step_bias() {
  return [](at::Tensor bias, const at::Generator& generator) {
    const at::Tensor step = bias.uniform_(std::log(0.001), std::log(0.1), generator).exp();
    bias.copy_(step + torch::log(-torch::expm1(-step)));  // the inverse of softplus
  };
}

}  // namespace omniq::model
