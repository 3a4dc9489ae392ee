#include "core/eval/evaluator.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/model/probabilities.h"

namespace omniq::eval {
Result<Evaluation> evaluate(model::OmniQ& model, data::Batches& batches, const data::Split& split,
                            c10::Device device, model::Precision precision,
                            const std::function<void(std::int64_t)>& progress,
                            std::stop_token stop) {
  const torch::InferenceMode inference;
  const model::EvaluationScope evaluation_mode(model);
  const model::Execution execution = model.execution(precision, /*training=*/false);
  Evaluation result;
  std::int64_t correct1 = 0, correct5 = 0, readable = 0;
  batches.start(0, 0);
  while (auto batch = batches.next(stop)) {
    for (std::size_t i = 0; i < batch->unreadable.size(); ++i) {
      result.predictions.push_back(
          {batch->unreadable_indices[i], {}, {}, batch->unreadable[i].what});
      ++result.unreadable;
    }
    if (batch->video.defined()) {
      OMNIQ_ASSIGN(const at::Tensor p,
                   model::class_probabilities(model, batch->video.to(device), execution));
      for (std::int64_t i = 0; i < p.size(0); ++i) {
        ClipPrediction prediction;
        prediction.clip = batch->indices[i];
        model::BestClasses best = model::best_classes(p[i]);
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
