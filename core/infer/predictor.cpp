#include "core/infer/predictor.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>

#include "core/eval/evaluator.h"
#include "core/eval/run_evaluation.h"
#include "core/model/device.h"
#include "core/train/setup.h"

namespace omniq::infer {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

Result<Predictor> Predictor::open(const run::RunFolder& folder,
                                  std::span<const std::string> overrides) {
  OMNIQ_ASSIGN(const config::Experiment e, folder.experiment(overrides));
  Predictor predictor;
  OMNIQ_ASSIGN(predictor.device_, model::resolve_device(e.device));
  train::apply_threads(e.threads);
  OMNIQ_ASSIGN(const std::filesystem::path checkpoint, eval::reported_checkpoint(folder));
  OMNIQ_ASSIGN(train::LoadedModel loaded, train::load_trained(e, checkpoint, predictor.device_));
  loaded.model->merge_adapters();
  predictor.model_ = std::move(loaded.model);
  predictor.classes_ = std::move(loaded.classes);
  predictor.clip_ = train::clip_options(e);
  predictor.precision_ = train::choose_precision(predictor.device_, e.train.amp);
  return predictor;
}

Result<Prediction> Predictor::predict(const std::filesystem::path& video) {
  const torch::InferenceMode inference;
  Prediction prediction;
  auto start = std::chrono::steady_clock::now();
  OMNIQ_ASSIGN(const at::Tensor clip, data::load_evaluation_clip(video, clip_));
  prediction.decode_ms = milliseconds_since(start);
  prediction.frames = clip.size(0) * clip.size(1);
  start = std::chrono::steady_clock::now();
  const at::Tensor p =
      eval::class_probabilities(*model_, clip.unsqueeze(0).to(device_), precision_)[0];
  prediction.model_ms = milliseconds_since(start);
  const auto [values, classes] = p.topk(std::min<std::int64_t>(5, p.size(0)));
  for (std::int64_t k = 0; k < values.size(0); ++k) {
    prediction.top5.push_back(
        {classes_[classes[k].item<std::int64_t>()], values[k].item<double>()});
  }
  return prediction;
}

}  // namespace omniq::infer
