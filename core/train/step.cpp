#include "core/train/step.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>

namespace omniq::train {
namespace {
// The usual loss scaling (torch.amp.GradScaler's constants): double every 2,000 good steps, halve
// on overflow.
constexpr double kInitialScale = 65536;
constexpr std::int64_t kGrowthInterval = 2000;
}  // namespace

TrainStep::TrainStep(Objective& objective, AdamW& optimizer, const StepOptions& options)
    : objective_(objective), optimizer_(optimizer), options_(options) {
  if (options.precision == model::Precision::float16) scale_ = kInitialScale;
}

std::optional<run::Numbers> TrainStep::accumulate(std::span<const ClipBatch> batches,
                                                  std::int64_t step,
                                                  const std::function<bool()>& go_on) {
  run::Numbers counts, sums;
  for (const ClipBatch& batch : batches) run::add(counts, objective_.counts(batch, step));
  for (const ClipBatch& batch : batches) {
    if (go_on && !go_on()) {
      optimizer_.zero_grad();
      return std::nullopt;
    }
    const c10::Device device = options_.device;
    const Objective::Losses losses = objective_.losses(
        {batch.video.to(device), batch.labels.to(device), batch.samples.to(device)}, step, counts);
    (losses.loss * scale_).backward();
    run::add(sums, losses.sums);
  }
  return sums;
}

StepResult TrainStep::update(double factor) {
  const torch::NoGradGuard no_grad;
  StepResult result;
  std::vector<at::Tensor> gradients = optimizer_.gradients();
  if (gradients.empty()) return result;
  const double unit = 1.0 / scale_;
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
  return result;
}

void TrainStep::set_loss_scale(double scale, std::int64_t good_steps) {
  scale_ = scale;
  good_steps_ = good_steps;
}

}  // namespace omniq::train
