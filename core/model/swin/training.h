// The Swin encoder's forward pass for training on a GPU, in half precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "core/model/swin/swin.h"

namespace omniq::model {

/// Computes what a Swin computes, from its float32 parameters and differentiable in them. Tokens
/// stay in their natural order and, the residual stream included, in bfloat16 or float16; norms,
/// softmax and sums of products are in float32. What is kept for the backward pass is ten values
/// for each of a block's tokens and channels: both norms' results, q, k and v, the attention's
/// result and the hidden layer before GELU. With `recompute` three: both norms' and the attention's
/// results, and the backward pass computes attention and MLP again.
///
/// Norms are without weight and bias, which the linear layers behind them take into theirs.
class SwinTraining {
 public:
  /// Of this encoder, whose parameters it goes on to use.
  explicit SwinTraining(const SwinImpl& encoder);

  /// frames floating [n, 3, H, W] and normalised or uint8 [n, H, W, 3] in RGB; H, W ≥ patch →
  /// features [n, output_width] in float32, or float64 if `dtype` is that. keep [2 · blocks, n]: of
  /// SwinImpl::draw_stochastic_depth, undefined for none. In other dtypes than bfloat16 and float16
  /// and on a CPU it is computed by torch operators. Throws c10::Error for other
  /// shapes and dtypes of frames and keep, and where frames require a gradient: they get none.
  at::Tensor features(const at::Tensor& frames, const at::Tensor& keep, at::ScalarType dtype,
                      bool recompute = false) const;

 private:
  class Pass;

  SwinOptions options_;
  std::map<std::string, at::Tensor> parameters_;  // by their names in torchvision
};

}  // namespace omniq::model
