// What a training makes smaller. The loop and the step know no more of it than this.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "core/base/result.h"
#include "core/run/numbers.h"

namespace omniq::train {

/// Clips of one forward pass, on the model's device.
struct ClipBatch {
  at::Tensor video;    // uint8 [n, T, S, S, 3]
  at::Tensor labels;   // int64 [n]; -1 where the class is not known
  at::Tensor samples;  // int64 [n]: which clip each is, by which what is drawn is keyed
};

/// Names of sums that every objective knows: how many clips they are over, and, of watched ones,
/// how many more count as wrong, as they could not be read.
inline constexpr const char* kClips = "clips";
inline constexpr const char* kWrong = "wrong";

class Objective {
 public:
  virtual ~Objective() = default;

  struct Losses {
    at::Tensor loss;    // float32 scalar; those of a step's batches add up to the step's loss
    run::Numbers sums;  // kClips and what else metrics() takes
  };

  /// What the step's losses are averaged over, as far as the batch adds to it. The sums over all
  /// batches of a step, on every rank, are what losses() divides by, so that the step does not
  /// depend on how it is divided.
  virtual run::Numbers counts(const ClipBatch& batch, std::int64_t step) const = 0;

  /// The forward pass of one batch of optimiser step `step` (0-based), whose counts are `counts`.
  /// What is drawn is keyed by (seed, step, layer, sample).
  virtual Losses losses(const ClipBatch& batch, std::int64_t step, const run::Numbers& counts) = 0;

  /// The sums of clips that are watched, not trained on. The model is in evaluation mode, and
  /// nothing is drawn. Errors are those of model::probabilities_of.
  virtual Result<run::Numbers> measure(const ClipBatch& batch) = 0;

  /// From sums over any number of batches to metrics by name (run/metrics.h), "loss" among them;
  /// none where there was no clip.
  virtual run::Numbers metrics(const run::Numbers& sums) const = 0;

  /// Whether an epoch whose watched clips gave `metrics` is to be chosen before the one that gave
  /// `best`, which is empty where there is none yet.
  virtual bool better(const run::Numbers& metrics, const run::Numbers& best) const = 0;
};

}  // namespace omniq::train
