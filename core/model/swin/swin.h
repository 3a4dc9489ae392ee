// Swin Transformer (version 1): the per-frame encoder. Parameter names are those of torchvision's
// swin_t / swin_s / swin_b without the head, so that weight files load by name, and the numbers are
// theirs too.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>

#include "core/model/draws.h"
#include "core/model/initial.h"
#include "core/model/swin/options.h"

namespace omniq::model {

class SwinImpl : public torch::nn::Module, public Drawing {
 public:
  /// Starts as torchvision's does once initialise() has drawn it: linear weights and bias tables
  /// from normal(), zero biases, LayerNorms 1 and 0.
  /// Throws c10::Error when the options contradict themselves.
  explicit SwinImpl(SwinOptions options);
  ~SwinImpl() override;

  /// frames [n, in_channels, H, W], normalised, floating; H, W ≥ patch → features [n,
  /// output_width()]: the mean over positions of the last LayerNorm. Any size works: maps are
  /// padded with zeros where windows or patch merging do not divide them; pixels beyond a multiple
  /// of `patch` are not seen.
  at::Tensor forward(const at::Tensor& frames);

  std::int64_t output_width() const { return options_.output_width(); }
  const SwinOptions& options() const { return options_; }

  /// The rate of the last block from now on; 0 for a frozen backbone. It acts in training mode
  /// only.
  void set_stochastic_depth(double rate);
  /// Its factors for one pass, 0 or 1 ÷ (1 − rate), of every residual branch in turn (two a block)
  /// and frame: float [2 · blocks, frames]. Frames are those of the pass's samples, each with as
  /// many, one sample after the other. Undefined where it does not act.
  at::Tensor draw_stochastic_depth(std::int64_t frames, at::Device device);

 private:
  struct Parts;
  SwinOptions options_;
  std::unique_ptr<Parts> parts_;
};
TORCH_MODULE(Swin);

}  // namespace omniq::model
