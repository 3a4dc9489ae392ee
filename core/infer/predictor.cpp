#include "core/infer/predictor.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>

#include "core/data/transform.h"
#include "core/data/video.h"
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

Status Predictor::follow(const std::filesystem::path& video, std::int64_t moments,
                         const std::function<void(const Moment&)>& tell, std::stop_token stop) {
  const torch::InferenceMode inference;
  OMNIQ_ASSIGN(const data::VideoInfo info, data::probe_video(video));
  std::int64_t total = info.frames;
  if (total <= 0) {
    OMNIQ_ASSIGN(const data::VideoLength length, data::measure_video(video));
    total = length.frames;
  }
  const std::int64_t short_side = data::resized_short_side(clip_.size);
  // Every frame that some moment looks at, once.
  std::vector<std::int64_t> ends;
  std::vector<std::vector<std::int64_t>> picks;
  std::vector<std::int64_t> wanted;
  const auto plan = [&] {
    ends.clear(), picks.clear(), wanted.clear();
    for (std::int64_t m = 1; m <= std::min(moments, total); ++m) {
      const std::int64_t seen =
          (m * total + std::min(moments, total) - 1) / std::min(moments, total);
      const std::int64_t window = clip_.sampling == data::Sampling::segments
                                      ? seen
                                      : std::min(seen, clip_.frames * clip_.stride);
      auto indices =
          data::sample_frames(window, clip_.frames, clip_.stride, clip_.sampling, nullptr);
      for (std::int64_t& index : indices) index += seen - window;
      wanted.insert(wanted.end(), indices.begin(), indices.end());
      ends.push_back(seen - 1);
      picks.push_back(std::move(indices));
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  };
  plan();
  auto frames = data::decode_frames(video, wanted, short_side);
  if (!frames) {  // the container may claim more frames than there are
    OMNIQ_ASSIGN(const data::VideoLength length, data::measure_video(video));
    if (length.frames >= total) return tl::unexpected(frames.error());
    total = length.frames;
    plan();
    frames = data::decode_frames(video, wanted, short_side);
    if (!frames) return tl::unexpected(frames.error());
  }
  const std::int64_t height = frames->size(1), width = frames->size(2), size = clip_.size;
  const data::CropResize crop(data::evaluation_crop(height, width, size, 0, 1), size);
  const at::Tensor inputs =
      torch::empty({static_cast<std::int64_t>(wanted.size()), size, size, 3}, torch::kByte);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    crop.apply(frames->const_data_ptr<std::uint8_t>() + i * height * width * 3, width,
               inputs.mutable_data_ptr<std::uint8_t>() + i * size * size * 3);
  }
  for (std::size_t m = 0; m < ends.size(); ++m) {
    if (stop.stop_requested()) return fail(ErrorCode::stopped, "The prediction was stopped.");
    std::vector<std::int64_t> rows;
    for (const std::int64_t index : picks[m])
      rows.push_back(std::lower_bound(wanted.begin(), wanted.end(), index) - wanted.begin());
    const at::Tensor clip = inputs.index_select(0, torch::tensor(rows)).unsqueeze(0).unsqueeze(0);
    const at::Tensor p =
        eval::class_probabilities(*model_, clip.to(device_), precision_)[0].to(torch::kDouble);
    const auto* values = p.const_data_ptr<double>();
    tell({ends[m], {values, values + p.size(0)}});
  }
  return {};
}

}  // namespace omniq::infer
