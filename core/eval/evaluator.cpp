#include "core/eval/evaluator.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace omniq::eval {

at::Tensor class_probabilities(model::OmniQ& model, const at::Tensor& video,
                               train::Precision precision) {
  const std::int64_t views = video.size(1);
  at::Tensor logits;
  {
    const train::AutocastScope autocast(video.device(), precision);
    logits = model.forward(video.flatten(0, 1));
  }
  return logits.to(at::kFloat).softmax(1).unflatten(0, {video.size(0), views}).mean(1).cpu();
}

BestClasses best_classes(const at::Tensor& probabilities) {
  const auto [values, classes] =
      probabilities.to(at::kDouble).topk(std::min<std::int64_t>(5, probabilities.size(0)));
  const auto* value = values.const_data_ptr<double>();
  const auto* index = classes.const_data_ptr<std::int64_t>();
  return {{index, index + classes.size(0)}, {value, value + values.size(0)}};
}

std::optional<Evaluation> evaluate(model::OmniQ& model, data::Loader& loader,
                                   const data::Split& split, c10::Device device,
                                   train::Precision precision,
                                   const std::function<void(std::int64_t)>& progress,
                                   std::stop_token stop) {
  const torch::InferenceMode inference;
  const bool was_training = model.is_training();
  model.eval();
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
      const auto p = class_probabilities(model, batch->video.to(device), precision);
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
  model.train(was_training);
  if (stop.stop_requested()) return std::nullopt;
  std::sort(result.predictions.begin(), result.predictions.end(),
            [](auto& a, auto& b) { return a.clip < b.clip; });
  result.clips = static_cast<std::int64_t>(result.predictions.size());
  if (readable > 0) result.loss /= static_cast<double>(readable);
  if (result.clips > 0) {
    result.top1 = 100.0 * static_cast<double>(correct1) / static_cast<double>(result.clips);
    result.top5 = 100.0 * static_cast<double>(correct5) / static_cast<double>(result.clips);
  }
  return result;
}

}  // namespace omniq::eval
