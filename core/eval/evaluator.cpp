#include "core/eval/evaluator.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/eval/probabilities.h"
#include "core/model/precision.h"

namespace omniq::eval {
namespace {

/// Evaluation mode while it lives.
class EvaluationScope {
 public:
  explicit EvaluationScope(model::OmniQ& model)
      : model_(model), was_training_(model.is_training()) {
    model.eval();
  }
  ~EvaluationScope() { model_.train(was_training_); }
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  model::OmniQ& model_;
  bool was_training_;
};

}  // namespace

Result<at::Tensor> class_probabilities(model::OmniQ& model, const at::Tensor& video,
                                       const model::Execution& execution) {
  const std::int64_t views = video.size(1);
  const at::Tensor logits = model.forward(video.flatten(0, 1), execution);
  OMNIQ_ASSIGN(const at::Tensor p, probabilities_of(logits, execution.precision));
  return p.unflatten(0, {video.size(0), views}).mean(1);
}

BestClasses best_classes(const at::Tensor& probabilities) {
  const auto [values, classes] =
      probabilities.to(at::kDouble).topk(std::min<std::int64_t>(5, probabilities.size(0)));
  const auto* value = values.const_data_ptr<double>();
  const auto* index = classes.const_data_ptr<std::int64_t>();
  return {{index, index + classes.size(0)}, {value, value + values.size(0)}};
}

Result<Evaluation> evaluate(model::OmniQ& model, data::Loader& loader, const data::Split& split,
                            c10::Device device, model::Precision precision,
                            const std::function<void(std::int64_t)>& progress,
                            std::stop_token stop) {
  const torch::InferenceMode inference;
  const EvaluationScope evaluation_mode(model);
  const model::Execution execution = model.execution(precision, /*training=*/false);
  Evaluation result;
  std::int64_t correct1 = 0, correct5 = 0, readable = 0;
  loader.start(0);
  while (auto batch = loader.next(stop)) {
    for (std::size_t i = 0; i < batch->unreadable.size(); ++i) {
      result.predictions.push_back(
          {batch->unreadable_indices[i], {}, {}, batch->unreadable[i].what});
      ++result.unreadable;
    }
    if (batch->video.defined()) {
      OMNIQ_ASSIGN(const at::Tensor p,
                   class_probabilities(model, batch->video.to(device), execution));
      for (std::int64_t i = 0; i < p.size(0); ++i) {
        ClipPrediction prediction;
        prediction.clip = batch->indices[i];
        BestClasses best = best_classes(p[i]);
        prediction.top = std::move(best.classes);
        prediction.probabilities = std::move(best.probabilities);
        const std::int64_t label = split.clips[prediction.clip].label;
        correct1 += prediction.top.front() == label;
        correct5 += std::count(prediction.top.begin(), prediction.top.end(), label);
        if (label >= 0) {
          result.loss -= std::log(std::max(p[i][label].item<double>(), 1e-30));
          ++readable;
        }
        result.predictions.push_back(std::move(prediction));
      }
    }
    if (progress) progress(static_cast<std::int64_t>(result.predictions.size()));
  }
  if (stop.stop_requested()) return evaluation_stopped();
  std::sort(result.predictions.begin(), result.predictions.end(),
            [](auto& a, auto& b) { return a.clip < b.clip; });
  result.clips = static_cast<std::int64_t>(result.predictions.size());
  if (result.clips > 0 && result.unreadable == result.clips) {
    const ClipPrediction& first = result.predictions.front();
    return fail(ErrorCode::data,
                cat("None of the ", result.clips, " clips could be decoded. Of the first, ",
                    split.clips[first.clip].id, ": ", first.problem),
                "omniq data DIR --check says of every clip what is wrong.");
  }
  if (readable > 0) result.loss /= static_cast<double>(readable);
  if (result.clips > 0) {
    result.top1 = 100.0 * static_cast<double>(correct1) / static_cast<double>(result.clips);
    result.top5 = 100.0 * static_cast<double>(correct5) / static_cast<double>(result.clips);
  }
  return result;
}

tl::unexpected<Error> evaluation_stopped() {
  return fail(ErrorCode::stopped, "The evaluation was stopped; nothing was written.");
}

}  // namespace omniq::eval
