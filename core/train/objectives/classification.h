// Cross-entropy of the clips' classes.
#pragma once

#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/train/objectives/objective.h"

namespace omniq::train {

/// Gives "loss" (the mean cross-entropy, with the labels smoothed in training: Szegedy et al.,
/// 2016, section 7), "top1" and "top5" (percent; an unreadable clip is wrong). The best epoch has
/// the highest Top-1, and of equal ones the lowest loss, as few clips often tie.
class Classification : public Objective {
 public:
  /// The model is on its device, and it is known what of it trains.
  Classification(model::OmniQ& model, model::Precision precision, double label_smoothing,
                 std::uint64_t seed);

  run::Numbers counts(const ClipBatch& batch, std::int64_t step) const override;
  Losses losses(const ClipBatch& batch, std::int64_t step, const run::Numbers& counts) override;
  Result<run::Numbers> measure(const ClipBatch& batch) override;
  run::Numbers metrics(const run::Numbers& sums) const override;
  bool better(const run::Numbers& metrics, const run::Numbers& best) const override;

 private:
  model::OmniQ& model_;
  model::Execution training_, inference_;
  double label_smoothing_;
  std::uint64_t seed_;
};

}  // namespace omniq::train
