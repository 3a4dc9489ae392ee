#include "core/infer/predictor.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>

#include "core/assembly/checkpoint.h"
#include "core/assembly/dataset.h"
#include "core/assembly/model.h"
#include "core/data/transform.h"
#include "core/data/video.h"
#include "core/infer/frame_window.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/model/probabilities.h"

namespace omniq::infer {
namespace {

constexpr std::int64_t kBatch = 8;  // frames that are encoded at a time

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
  predictor.threads_ = e.threads;
  const model::ThreadScope threads(e.threads);
  OMNIQ_ASSIGN(const std::filesystem::path checkpoint, assembly::reported_checkpoint(folder));
  OMNIQ_ASSIGN(assembly::LoadedModel loaded,
               assembly::load_trained(e, checkpoint, predictor.device_));
  loaded.model->merge_adapters();
  predictor.model_ = std::move(loaded.model);
  predictor.classes_ = std::move(loaded.classes);
  predictor.clip_ = assembly::clip_options(e);
  predictor.precision_ = model::choose_precision(predictor.device_, e.train.amp);
  return predictor;
}

Result<Prediction> Predictor::predict(const std::filesystem::path& video) {
  const torch::InferenceMode inference;
  const model::ThreadScope threads(threads_);
  Prediction prediction;
  auto start = std::chrono::steady_clock::now();
  OMNIQ_ASSIGN(const data::ModelClip loaded, data::load_clip(video, clip_));
  const at::Tensor& clip = loaded.video;
  prediction.decode_ms = milliseconds_since(start);
  prediction.frames = clip.size(0) * clip.size(1);
  start = std::chrono::steady_clock::now();
  OMNIQ_ASSIGN(const at::Tensor p,
               model::class_probabilities(*model_, clip.unsqueeze(0).to(device_),
                                          model_->execution(precision_, /*training=*/false)));
  prediction.model_ms = milliseconds_since(start);
  const model::BestClasses best = model::best_classes(p[0]);
  for (std::size_t k = 0; k < best.classes.size(); ++k)
    prediction.top5.push_back({classes_[best.classes[k]], best.probabilities[k]});
  return prediction;
}

Status Predictor::follow(const std::filesystem::path& video, std::int64_t moments,
                         const std::function<void(const Moment&)>& tell, std::stop_token stop) {
  OMNIQ_ASSIGN(const data::VideoInfo info, data::probe_video(video));
  std::int64_t total = info.frames;
  std::int64_t told = -1;
  const auto tell_and_note = [&](const Moment& moment) {
    told = moment.frame;
    tell(moment);
  };
  for (;;) {
    const Plan plan = plan_moments(clip_, total, moments, told);
    if (plan.moments.empty()) return {};
    OMNIQ_ASSIGN(const std::int64_t end, follow_plan(video, plan, tell_and_note, stop));
    if (end >= total) return {};
    total = end;  // there are fewer frames than its packets promise
  }
}

Result<std::int64_t> Predictor::follow_plan(const std::filesystem::path& video, const Plan& plan,
                                            const std::function<void(const Moment&)>& tell,
                                            const std::stop_token& stop) {
  OMNIQ_ASSIGN(data::VideoStream stream,
               data::VideoStream::open(video, data::resized_short_side(clip_.size)));
  const std::int64_t size = clip_.size;
  const data::CropResize view = data::evaluation_view(stream.height(), stream.width(), size);
  std::vector<std::uint8_t> frame(static_cast<std::size_t>(stream.height() * stream.width() * 3));
  const at::Tensor inputs = torch::empty({kBatch, size, size, 3}, torch::kByte);
  FrameWindow window(model_, device_, precision_, plan.most_held, threads_);
  auto next = plan.wanted.begin();
  for (const Plan::Moment& moment : plan.moments) {
    while (next != plan.wanted.end() && *next <= moment.frame) {
      std::vector<std::int64_t> numbers;
      for (; next != plan.wanted.end() && *next <= moment.frame &&
             static_cast<std::int64_t>(numbers.size()) < kBatch;
           ++next) {
        if (stop.stop_requested()) return fail(ErrorCode::stopped, "The prediction was stopped.");
        OMNIQ_TRY(stream.seek(*next));
        if (!stream.read(frame.data())) return stream.position();
        const auto row = static_cast<std::int64_t>(numbers.size());
        view.apply(frame.data(), stream.width(),
                   inputs.mutable_data_ptr<std::uint8_t>() + row * size * size * 3);
        numbers.push_back(*next);
      }
      window.push(numbers, inputs.narrow(0, 0, static_cast<std::int64_t>(numbers.size())));
    }
    if (stop.stop_requested()) return fail(ErrorCode::stopped, "The prediction was stopped.");
    OMNIQ_TRY(stream.seek(moment.frame + 1));  // a clip need not have the newest frame
    if (stream.position() <= moment.frame) return stream.position();
    OMNIQ_ASSIGN(std::vector<double> p, window.classify(moment.picks));
    tell({moment.frame, std::move(p)});
  }
  return plan.moments.back().frame + 1;
}

Live Predictor::live(std::int64_t window) const {
  if (clip_.sampling == data::Sampling::stride) window = clip_.frames * clip_.stride;
  return {clip_, window, FrameWindow(model_, device_, precision_, window, threads_)};
}

}  // namespace omniq::infer
