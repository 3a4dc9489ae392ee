#include "core/train/step.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

#include "core/model/precision.h"

namespace omniq::train {
namespace {
// The usual loss scaling (torch.amp.GradScaler's constants): double every 2,000 good steps, halve
// on overflow.
constexpr double kInitialScale = 65536;
constexpr std::int64_t kGrowthInterval = 2000;
}  // namespace

ClipSums count_correct(const at::Tensor& logits, const at::Tensor& labels) {
  const torch::NoGradGuard no_grad;
  const std::int64_t k = std::min<std::int64_t>(5, logits.size(1));
  const auto hits =
      std::get<1>(logits.topk(k, 1)).eq(labels.unsqueeze(1)).to(torch::kInt64).sum(0).cpu();
  ClipSums sums;
  sums.clips = labels.size(0);
  sums.top1 = hits[0].item<std::int64_t>();
  sums.top5 = hits.sum().item<std::int64_t>();
  return sums;
}

TrainStep::TrainStep(model::OmniQ& model, AdamW& optimizer, const StepOptions& options)
    : model_(model),
      optimizer_(optimizer),
      options_(options),
      execution_(model.execution(options.precision, /*training=*/true)) {
  if (options.precision == model::Precision::float16) scale_ = kInitialScale;
}

ClipSums TrainStep::accumulate(const at::Tensor& video, const at::Tensor& labels,
                               const at::Tensor& samples, std::int64_t step) {
  const model::TrainingPass pass(model_, {options_.seed, step, samples});
  const torch::Tensor logits = model_.forward(video, execution_);
  const auto loss =
      torch::cross_entropy_loss(logits.to(torch::kFloat32), labels, {}, at::Reduction::Sum,
                                /*ignore_index=*/-100, options_.label_smoothing);
  ClipSums sums = count_correct(logits, labels);
  sums.loss = loss.item<double>();
  (loss * scale_).backward();
  clips_ += sums.clips;
  return sums;
}

StepResult TrainStep::update(double factor) {
  const torch::NoGradGuard no_grad;
  StepResult result;
  std::vector<at::Tensor> gradients = optimizer_.gradients();
  if (clips_ == 0 || gradients.empty()) return result;
  const double unit = 1.0 / (scale_ * static_cast<double>(clips_));
  const auto norms = at::_foreach_norm(gradients, 2.0);
  result.grad_norm = torch::stack(norms).to(torch::kFloat64).norm().item<double>() * unit;
  if (options_.precision == model::Precision::float16 && !std::isfinite(result.grad_norm)) {
    result.skipped = true;
    scale_ /= 2;
    good_steps_ = 0;
  } else {
    const double shrink = options_.clip_norm > 0
                              ? std::min(1.0, options_.clip_norm / (result.grad_norm + 1e-6))
                              : 1.0;
    at::_foreach_mul_(gradients, unit * shrink);
    optimizer_.step(factor);
    if (options_.precision == model::Precision::float16 && ++good_steps_ == kGrowthInterval) {
      scale_ *= 2;
      good_steps_ = 0;
    }
  }
  optimizer_.zero_grad();
  clips_ = 0;
  return result;
}

void TrainStep::set_loss_scale(double scale, std::int64_t good_steps) {
  scale_ = scale;
  good_steps_ = good_steps;
}

}  // namespace omniq::train
