#include "core/model/fusion/transformer.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/types.h>

#include <cmath>

#include "core/model/fusion/fusion.h"

namespace omniq::model {
namespace {

/// x += Dropout(Attention(LN(x))); x += Dropout(FFN(LN(x))), FFN: D → 4D, GELU, D. Dropout also
/// inside the attention weights and after GELU, as in torch.nn.TransformerEncoderLayer with
/// norm_first.
class EncoderLayer : public TokenLayer {
 public:
  explicit EncoderLayer(const FusionOptions& options) : heads_(options.n_heads) {
    const std::int64_t d = options.width;
    const auto norm = torch::nn::LayerNormOptions({d});
    norm_ = register_module("norm", torch::nn::LayerNorm(norm));
    query_ = register_module("query", std::make_shared<Linear>(d, d));
    key_ = register_module("key", std::make_shared<Linear>(d, d));
    value_ = register_module("value", std::make_shared<Linear>(d, d));
    out_ = register_module("out", std::make_shared<Linear>(d, d));
    ffn_norm_ = register_module("ffn_norm", torch::nn::LayerNorm(norm));
    of_norm_ = InferenceNorm(norm_);
    of_ffn_norm_ = InferenceNorm(ffn_norm_);
    up_ = register_module("ffn_up", std::make_shared<Linear>(d, 4 * d));
    down_ = register_module("ffn_down", std::make_shared<Linear>(4 * d, d));
    const auto dropout = [&](const char* name) {
      return register_module(name, std::make_shared<Dropout>(options.dropout));
    };
    of_weights_ = dropout("weights_dropout");
    of_attention_ = dropout("attention_dropout");
    of_hidden_ = dropout("hidden_dropout");
    of_ffn_ = dropout("ffn_dropout");
  }

  torch::Tensor forward(const torch::Tensor& tokens,
                        const std::optional<torch::Tensor>& mask) override {
    if (!torch::GradMode::is_enabled() && !is_training()) {
      const auto [x, normed] = of_ffn_norm_(tokens, attention(of_norm_(tokens).norm, mask));
      return x + down_->forward(torch::gelu(up_->forward(normed)));
    }
    const auto x = tokens + of_attention_->forward(attention(norm_(tokens), mask));
    const auto hidden = of_hidden_->forward(torch::gelu(up_->forward(ffn_norm_(x))));
    return x + of_ffn_->forward(down_->forward(hidden));
  }

 private:
  torch::Tensor attention(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) {
    const std::int64_t clips = x.size(0), length = x.size(1), d = x.size(2);
    const auto heads = [&](const torch::Tensor& t) {
      return t.view({clips, length, heads_, d / heads_}).transpose(1, 2);
    };
    std::optional<torch::Tensor> key_mask;
    if (mask) key_mask = mask->view({clips, 1, 1, length});
    const auto query = heads(query_->forward(x)), key = heads(key_->forward(x)),
               value = heads(value_->forward(x));
    torch::Tensor mixed;
    if (of_weights_->drops()) {
      torch::Tensor scores = (query / std::sqrt(d / heads_)).matmul(key.transpose(-2, -1));
      if (mask) scores = scores.masked_fill(key_mask->logical_not(), -INFINITY);
      mixed = of_weights_->forward(scores.softmax(-1)).matmul(value);
    } else {
      mixed = torch::scaled_dot_product_attention(query, key, value, key_mask);
    }
    return out_->forward(mixed.transpose(1, 2).reshape({clips, length, d}));
  }

  std::int64_t heads_;
  torch::nn::LayerNorm norm_{nullptr}, ffn_norm_{nullptr};
  InferenceNorm of_norm_, of_ffn_norm_;
  std::shared_ptr<Linear> query_, key_, value_, out_, up_, down_;
  std::shared_ptr<Dropout> of_weights_, of_attention_, of_hidden_, of_ffn_;
};

}  // namespace

std::shared_ptr<Fusion> TransformerVariant::make(const FusionOptions& options) {
  return make_block_stack(options, [&] { return std::make_shared<EncoderLayer>(options); });
}

}  // namespace omniq::model
