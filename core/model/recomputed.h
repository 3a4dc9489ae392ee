// Part of a forward pass that is computed again in the backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace omniq::model {

using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;

/// f(inputs), of which only the inputs are kept for the backward pass: that computes f again, under
/// the autocast of the forward pass, whatever holds where backward() is called. Gradients reach the
/// inputs alone, so f must take no other tensor that needs one, and it must be the same function
/// both times: nothing random. Inputs must be defined. Differentiable once: a backward pass that is
/// to be differentiated throws c10::Error.
at::Tensor recomputed(const TensorFunction& f, const std::vector<at::Tensor>& inputs);

}  // namespace omniq::model
