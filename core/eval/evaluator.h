// Accuracy of a model over a list of clips.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/batches.h"
#include "core/data/dataset.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"

namespace omniq::eval {

struct ClipPrediction {
  std::int64_t clip = 0;              // index into the split
  std::vector<std::int64_t> top;      // as model::BestClasses; empty for an unreadable clip
  std::vector<double> probabilities;  // of `top`
  std::string problem;                // why the clip could not be read
};

struct Evaluation {
  std::int64_t clips = 0, unreadable = 0;
  double top1 = 0, top5 = 0;                // percent of all clips; an unreadable one is wrong
  double loss = 0;                          // mean cross-entropy over the readable clips
  std::vector<ClipPrediction> predictions;  // in the order of the split
};

/// Evaluates clips as an evaluation loader over `split` gives them, averaging the softmax over
/// views. The model is left in the mode that it was in. `progress(clips done)` is called after
/// every batch. Logits that are not finite are an error of code `numeric`, a requested stop is that
/// of evaluation_stopped().
Result<Evaluation> evaluate(model::OmniQ& model, data::Batches& batches, const data::Split& split,
                            c10::Device device, model::Precision precision,
                            const std::function<void(std::int64_t)>& progress = {},
                            std::stop_token stop = {});

/// What is said after a requested stop.
tl::unexpected<Error> evaluation_stopped();

}  // namespace omniq::eval
