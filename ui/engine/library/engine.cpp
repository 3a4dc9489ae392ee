#include "ui/engine/engine.h"

#include <torch/cuda.h>
#include <torch/version.h>

#include <string_view>
#include <thread>

#include "core/assembly/dataset.h"
#include "core/assembly/preparation.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include "core/data/video_support.h"
#include "core/eval/run_evaluation.h"
#include "core/model/device.h"
#include "ui/engine/library/classifier.h"
#include "ui/engine/library/video_source.h"

namespace omniq::ui {
namespace {

class TorchEngine : public Engine {
 public:
  Error error_of(const std::exception& thrown, const std::string& if_memory) override {
    return model::error_of(thrown, if_memory);
  }

  MachineFacts describe_machine() override {
    MachineFacts facts;
    facts.torch = TORCH_VERSION;
    facts.cuda = kCudaVersion;
    facts.driver = model::driver_version();
    facts.video = data::video_support().backend;
    facts.processor = cat(model::device_name(c10::Device(c10::kCPU)), ", ",
                          std::thread::hardware_concurrency(), " cores");
    const auto count = torch::cuda::is_available()
                           ? static_cast<c10::DeviceIndex>(torch::cuda::device_count())
                           : 0;
    for (c10::DeviceIndex i = 0; i < count; ++i)
      facts.gpus.push_back(model::device_name(c10::Device(c10::kCUDA, i)));
    return facts;
  }

  Result<Machine> find_machine(const std::string& name) override {
    OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(name));
    return Machine{device.is_cuda(), model::device_name(device)};
  }

  Result<std::unique_ptr<Classifier>> open_classifier(
      const std::filesystem::path& run, const std::vector<std::string>& settings) override {
    return open_predictor(run, settings);
  }

  Result<std::unique_ptr<VideoSource>> open_video(const std::filesystem::path& path,
                                                  std::int64_t short_side) override {
    return open_stream(path, short_side);
  }

  Result<std::vector<ModelFrame>> model_frames(const std::filesystem::path& video,
                                               const config::Experiment& experiment,
                                               std::optional<std::uint64_t> training_seed,
                                               std::stop_token stop) override {
    OMNIQ_ASSIGN(const data::ModelClip clip,
                 data::load_clip(video, assembly::clip_options(experiment), training_seed, stop));
    const auto side = static_cast<int>(clip.video.size(2));
    const auto a_view = static_cast<std::size_t>(clip.video.size(1));
    const std::int64_t bytes = clip.video.stride(1);
    const auto* pixels = clip.video.const_data_ptr<std::uint8_t>();
    std::vector<ModelFrame> frames;
    for (std::size_t i = 0; i < clip.numbers.size(); ++i, pixels += bytes) {
      frames.push_back({static_cast<int>(i / a_view),
                        clip.numbers[i],
                        clip.times[i],
                        side,
                        {pixels, pixels + bytes}});
    }
    return frames;
  }

  Status prepare(config::Experiment& experiment, bool force) override {
    return assembly::prepare(experiment, force);
  }

  Result<train::TrainOutcome> train(const config::Experiment& experiment,
                                    const run::RunFolder& folder, train::Observer& observer,
                                    std::stop_token stop, std::stop_token stop_now) override {
    return train::train(experiment, folder, observer, stop, stop_now);
  }

  Status evaluate(const std::filesystem::path& run,
                  const std::function<void(const std::string&, std::int64_t, std::int64_t)>& tell,
                  std::stop_token stop) override {
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
    OMNIQ_ASSIGN(const config::Experiment experiment, folder.experiment());
    OMNIQ_TRY(run::check_recordable(folder, experiment));  // the window shows the files
    OMNIQ_ASSIGN(
        const eval::RunEvaluation evaluation,
        eval::evaluate_run(
            folder, {}, [&](const eval::EvaluationProgress& p) { tell(p.phase, p.done, p.total); },
            stop));
    if (evaluation.not_recorded) return tl::unexpected(*evaluation.not_recorded);
    return {};
  }

  Status generate_demo(const std::filesystem::path& directory, const data::DemoOptions& options,
                       const std::function<void(std::int64_t, std::int64_t)>& progress,
                       std::stop_token stop) override {
    return data::generate_demo(directory, options, progress, stop);
  }

  Status check_clips(const data::Survey& survey, int threads,
                     const std::function<void(const data::ClipCheck&)>& tell,
                     std::stop_token stop) override {
    return data::check_clips(survey, threads, tell, stop);
  }
};

}  // namespace
}  // namespace omniq::ui

extern "C" __attribute__((visibility("default"))) omniq::ui::Engine* omniq_engine(
    const char* commit) {
  static omniq::ui::TorchEngine engine;
  return std::string_view(commit) == omniq::kCommit ? &engine : nullptr;
}
