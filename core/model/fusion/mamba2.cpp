#include "core/model/fusion/mamba2.h"

#include <torch/nn/module.h>
#include <torch/types.h>

#include "core/model/fusion/derived.h"
#include "core/model/fusion/fusion.h"
#include "kernels/bidirectional_ssd/bidirectional_ssd.h"
#include "kernels/centred_conv1d/centred_conv1d.h"
#include "kernels/gated_rms_norm/gated_rms_norm.h"

namespace omniq::model {
namespace {

/// The SSD mixer (Mamba-2; Dao and Gu, 2024) with centred convolutions, so that both directions
/// share u, B, C:
///   [z, u, B, C, δ] = x W_in;  [u, B, C] = SiLU(conv([u, B, C]));  out = RMSNorm(y ⊙ SiLU(z))
///   W_out.
class Mamba2Mixer : public TokenLayer {
 public:
  explicit Mamba2Mixer(const FusionOptions& options)
      : inner_(options.expand * options.width),
        states_(options.d_state),
        heads_(inner_ / Mamba2Variant::kHeadWidth) {
    const std::int64_t mixed = inner_ + 2 * states_;
    in_proj_ = register_module(
        "in_proj",
        std::make_shared<Linear>(options.width, inner_ + mixed + heads_, /*bias=*/false));
    conv_weight_ = random_parameter("conv_weight", {mixed, 1, Mamba2Variant::kConvWidth},
                                    uniform_by_fan_in(Mamba2Variant::kConvWidth));
    conv_bias_ =
        random_parameter("conv_bias", {mixed}, uniform_by_fan_in(Mamba2Variant::kConvWidth));
    A_log_ = random_parameter("A_log", {heads_}, [](at::Tensor p, const at::Generator& generator) {
      p.uniform_(1, 16, generator).log_();  // as Mamba-2 initialises it
    });
    set_role("A_log", Role::rates);
    dt_bias_ = random_parameter("dt_bias", {heads_}, step_bias());
    D_skip_ = register_parameter("D_skip", torch::ones({heads_}));
    norm_weight_ = register_parameter("norm_weight", torch::ones({inner_}));
    out_proj_ = register_module("out_proj",
                                std::make_shared<Linear>(inner_, options.width, /*bias=*/false));
  }

  torch::Tensor forward(const torch::Tensor& x, const std::optional<torch::Tensor>& mask) override {
    const std::int64_t clips = x.size(0), length = x.size(1);
    const auto parts =
        in_proj_->forward(x).split_with_sizes({inner_, inner_ + 2 * states_, heads_}, -1);
    const auto mixed =
        kernels::centred_conv1d(parts[1], taps(), as_float(of_conv_bias_, conv_bias_), mask);
    const auto uBC = mixed.split_with_sizes({inner_, states_, states_}, -1);
    const auto A = of_A_log_.get({A_log_}, [&] { return -torch::exp(A_log_); });
    const auto y = kernels::bidirectional_ssd(
        uBC[0].reshape({clips, length, heads_, Mamba2Variant::kHeadWidth}), parts[2], A, uBC[1],
        uBC[2], as_float(of_D_skip_, D_skip_), as_float(of_dt_bias_, dt_bias_), mask);
    return out_proj_->forward(kernels::gated_rms_norm(y.reshape({clips, length, inner_}), parts[0],
                                                      as_float(of_norm_weight_, norm_weight_)));
  }

 private:
  /// conv_weight as [channels, width], the taps one after the other as the kernels read them.
  torch::Tensor taps() {
    return of_conv_weight_.get({conv_weight_}, [&] {
      return at_least_float(conv_weight_).squeeze(1).t().contiguous().t();
    });
  }

  std::int64_t inner_, states_, heads_;
  std::shared_ptr<Linear> in_proj_, out_proj_;
  torch::Tensor conv_weight_, conv_bias_, A_log_, dt_bias_, D_skip_, norm_weight_;
  Derived of_conv_weight_, of_conv_bias_, of_A_log_, of_dt_bias_, of_D_skip_, of_norm_weight_;
};

}  // namespace

std::shared_ptr<Fusion> Mamba2Variant::make(const FusionOptions& options) {
  return make_mixer_stack(options, [&] { return std::make_shared<Mamba2Mixer>(options); });
}

}  // namespace omniq::model
