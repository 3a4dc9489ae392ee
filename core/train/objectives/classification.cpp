#include "core/train/objectives/classification.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/model/probabilities.h"
#include "core/run/metrics.h"

namespace omniq::train {
namespace {

constexpr const char* kLoss = run::info(run::Metric::loss).name;
constexpr const char* kTop1 = run::info(run::Metric::top1).name;
constexpr const char* kTop5 = run::info(run::Metric::top5).name;

/// How many there are, and how many labels are the best and among the best five of `scores` [n,
/// classes].
run::Numbers count_correct(const at::Tensor& scores, const at::Tensor& labels) {
  const std::int64_t k = std::min<std::int64_t>(5, scores.size(1));
  const auto hits =
      std::get<1>(scores.topk(k, 1)).eq(labels.unsqueeze(1)).to(torch::kInt64).sum(0).cpu();
  return {{kClips, static_cast<double>(labels.size(0))},
          {kTop1, static_cast<double>(hits[0].item<std::int64_t>())},
          {kTop5, static_cast<double>(hits.sum().item<std::int64_t>())}};
}

}  // namespace

Classification::Classification(model::OmniQ& model, model::Precision precision,
                               double label_smoothing, std::uint64_t seed)
    : model_(model),
      training_(model.execution(precision, /*training=*/true)),
      inference_(model.execution(precision, /*training=*/false)),
      label_smoothing_(label_smoothing),
      seed_(seed) {}

run::Numbers Classification::counts(const ClipBatch& batch, std::int64_t) const {
  return {{kClips, static_cast<double>(batch.labels.size(0))}};
}

Objective::Losses Classification::losses(const ClipBatch& batch, std::int64_t step,
                                         const run::Numbers& counts) {
  const model::TrainingPass pass(model_, {seed_, step, batch.samples});
  const torch::Tensor logits = model_.forward(batch.video, training_);
  const auto sum =
      torch::cross_entropy_loss(logits.to(torch::kFloat32), batch.labels, {}, at::Reduction::Sum,
                                /*ignore_index=*/-100, label_smoothing_);
  Losses result{sum / run::number(counts, kClips), count_correct(logits.detach(), batch.labels)};
  result.sums[kLoss] = sum.item<double>();
  return result;
}

Result<run::Numbers> Classification::measure(const ClipBatch& batch) {
  OMNIQ_ASSIGN(const at::Tensor p,
               model::class_probabilities(model_, batch.video.unsqueeze(1), inference_));
  const at::Tensor labels = batch.labels.cpu();
  run::Numbers sums = count_correct(p.to(torch::kFloat64), labels);
  // A clip of no known class is wrong, and has no loss.
  const at::Tensor known = labels.ge(0);
  const at::Tensor of_label = p.gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1);
  sums[kLoss] = -of_label.masked_select(known)
                     .to(torch::kFloat64)
                     .clamp_min(1e-30)
                     .log()
                     .sum()
                     .item<double>();
  sums[kClips] = static_cast<double>(known.sum().item<std::int64_t>());
  sums[kWrong] = static_cast<double>(labels.size(0)) - sums[kClips];
  return sums;
}

run::Numbers Classification::metrics(const run::Numbers& sums) const {
  const double clips = run::number(sums, kClips);
  const double judged = clips + run::number(sums, kWrong);
  if (judged == 0) return {};
  return {{kLoss, run::number(sums, kLoss) / std::max(clips, 1.0)},
          {kTop1, 100 * run::number(sums, kTop1) / judged},
          {kTop5, 100 * run::number(sums, kTop5) / judged}};
}

bool Classification::better(const run::Numbers& metrics, const run::Numbers& best) const {
  const auto rank = [](const run::Numbers& m) {
    return std::pair(run::number(m, kTop1, -1),
                     -run::number(m, kLoss, std::numeric_limits<double>::infinity()));
  };
  return rank(metrics) > rank(best);
}

}  // namespace omniq::train
