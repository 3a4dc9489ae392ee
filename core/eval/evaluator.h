// Accuracy of a model over a list of clips.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/loader.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"

namespace omniq::eval {

struct ClipPrediction {
  std::int64_t clip = 0;              // index into the split
  std::vector<std::int64_t> top;      // as BestClasses; empty for an unreadable clip
  std::vector<double> probabilities;  // of `top`
  std::string problem;                // why the clip could not be read
};

struct Evaluation {
  std::int64_t clips = 0, unreadable = 0;
  double top1 = 0, top5 = 0;                // percent of all clips; an unreadable one is wrong
  double loss = 0;                          // mean cross-entropy over the readable clips
  std::vector<ClipPrediction> predictions;  // in the order of the split
};

/// video uint8 [B, V, T, S, S, 3] on the model's device → the mean over views of the softmax,
/// float32 [B, classes] on the CPU. Errors are those of probabilities_of.
Result<at::Tensor> class_probabilities(model::OmniQ& model, const at::Tensor& video,
                                       const model::Execution& execution);

/// The classes with the largest probabilities, best first, at most five.
struct BestClasses {
  std::vector<std::int64_t> classes;
  std::vector<double> probabilities;
};

/// Of `probabilities`, float [classes] on the CPU.
BestClasses best_classes(const at::Tensor& probabilities);

/// Evaluates `loader`'s clips (an evaluation loader over `split`), averaging the softmax over
/// views. The model is left in the mode that it was in. `progress(clips done)` is called after
/// every batch. Logits that are not finite are an error of code `numeric`, a requested stop is that
/// of evaluation_stopped().
Result<Evaluation> evaluate(model::OmniQ& model, data::Loader& loader, const data::Split& split,
                            c10::Device device, model::Precision precision,
                            const std::function<void(std::int64_t)>& progress = {},
                            std::stop_token stop = {});

/// What is said after a requested stop.
tl::unexpected<Error> evaluation_stopped();

}  // namespace omniq::eval
