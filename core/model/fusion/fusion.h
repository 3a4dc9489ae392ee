// What every fusion variant is, and the block that the convolutional and state-space variants
// share.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/model/fusion/derived.h"
#include "core/model/fusion/registry.h"
#include "core/model/linear.h"
#include "kernels/residual_layer_norm/residual_layer_norm.h"

namespace omniq::model {

/// Mixes a clip's tokens over time and reads one vector out of them.
class Fusion : public torch::nn::Module {
 public:
  /// tokens [B, L, D]; mask [B, L] bool, true for a token and false for padding, or none. Returns
  /// the fused tokens [B, L, D].
  virtual torch::Tensor forward(const torch::Tensor& tokens,
                                const std::optional<torch::Tensor>& mask) = 0;

  /// fused [B, L, D] → what the head classifies, [B, D]. By default the first token, VIS_CLS.
  virtual torch::Tensor read_out(const torch::Tensor& fused,
                                 const std::optional<torch::Tensor>& mask);
};

/// A new variant, its random parameters for initialise() to draw; `name` is one of
/// fusion_names() (else c10::Error), and its check has nothing against the options.
std::shared_ptr<Fusion> make_fusion(const std::string& name, const FusionOptions& options);

using MakeFusion = std::shared_ptr<Fusion> (*)(const FusionOptions&);
/// Adds a variant that variants.h does not list, before anything asks for them.
void register_fusion(FusionKind kind, MakeFusion make);

/// A layer over a clip's tokens: x [B, L, D] and mask → [B, L, D].
class TokenLayer : public InitialisedModule {
 public:
  virtual torch::Tensor forward(const torch::Tensor& x,
                                const std::optional<torch::Tensor>& mask) = 0;
};

/// A layer with selective scans.
class Scanning {
 public:
  virtual ~Scanning() = default;
  /// How they are computed as things are, in `type`, for a run's record: as kernels::scan_path()
  /// says.
  virtual std::string scan_path(torch::Dtype type) = 0;
};
using MakeTokenLayer = std::function<std::shared_ptr<TokenLayer>()>;

/// A LayerNorm without gradients, after a sum or by itself.
class InferenceNorm {
 public:
  InferenceNorm() = default;
  explicit InferenceNorm(torch::nn::LayerNorm norm) : norm_(std::move(norm)) {}
  kernels::SumAndNorm operator()(const torch::Tensor& x,
                                 const std::optional<torch::Tensor>& delta = {});

 private:
  torch::nn::LayerNorm norm_{nullptr};
  Derived weight_, bias_;
};

/// Pre-norm block: H = mixer(LN(S)); S' = S + Dropout(FFN(LN(H))), FFN: D → 4D, SiLU, D.
class MixerBlock : public TokenLayer {
 public:
  MixerBlock(std::shared_ptr<TokenLayer> mixer, const FusionOptions& options);
  torch::Tensor forward(const torch::Tensor& tokens,
                        const std::optional<torch::Tensor>& mask) override;

  // The same in parts, for inference: sums and norms of neighbouring blocks are one operator.

  /// FFN(LN(mixer(x))) for x = LN(S), without dropout and gradients.
  torch::Tensor branch(const torch::Tensor& normed, const std::optional<torch::Tensor>& mask);
  InferenceNorm& norm() { return of_norm_; }

 private:
  torch::nn::LayerNorm norm_{nullptr}, ffn_norm_{nullptr};
  InferenceNorm of_norm_, of_ffn_norm_;
  std::shared_ptr<TokenLayer> mixer_;
  std::shared_ptr<Linear> up_, down_;
  std::shared_ptr<Dropout> dropout_;
};

/// `depth` blocks and a final LayerNorm.
std::shared_ptr<Fusion> make_block_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_block);
/// The same with each mixer in a MixerBlock.
std::shared_ptr<Fusion> make_mixer_stack(const FusionOptions& options,
                                         const MakeTokenLayer& make_mixer);

/// x with padding positions set to zero; x itself without a mask. x [B, L, …], mask [B, L].
torch::Tensor zero_padding(const torch::Tensor& x, const std::optional<torch::Tensor>& mask);

/// Depthwise convolution over time, centred: x [B, L, C], weight [C, 1, width] (odd), bias [C] →
/// [B, L, C].
torch::Tensor centred_depthwise_conv(const torch::Tensor& x, const torch::Tensor& weight,
                                     const torch::Tensor& bias, std::int64_t dilation);

/// b so that softplus(b) is log-uniform in [1e-3, 1e-1] (Mamba's step sizes).
Initial step_bias();

}  // namespace omniq::model
