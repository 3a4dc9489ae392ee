// From logits to probabilities: the one place where a model's answer is found not to be one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"

namespace omniq::model {

/// logits floating [n, classes] on any device → their softmax, float32 [n, classes] on the CPU. An
/// error of code `numeric` where a logit is NaN or infinite; `precision` is what they were computed
/// in.
Result<at::Tensor> probabilities_of(const at::Tensor& logits, Precision precision);

/// video uint8 [B, V, T, S, S, 3] on the model's device → the mean over views of the softmax,
/// float32 [B, classes] on the CPU. Errors are those of probabilities_of.
Result<at::Tensor> class_probabilities(OmniQ& model, const at::Tensor& video,
                                       const Execution& execution);

/// The classes with the largest probabilities, best first, at most five.
struct BestClasses {
  std::vector<std::int64_t> classes;
  std::vector<double> probabilities;
};

/// Of `probabilities`, float [classes] on the CPU.
BestClasses best_classes(const at::Tensor& probabilities);

}  // namespace omniq::model
