// From logits to probabilities: the one place where a model's answer is found not to be one.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/base/result.h"
#include "core/model/precision.h"

namespace omniq::eval {

/// logits floating [n, classes] on any device → their softmax, float32 [n, classes] on the CPU. An
/// error of code `numeric` where a logit is NaN or infinite; `precision` is what they were computed
/// in.
Result<at::Tensor> probabilities_of(const at::Tensor& logits, model::Precision precision);

}  // namespace omniq::eval
