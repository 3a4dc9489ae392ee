// The engine as the window sees it: without torch. It is a library of its own (the folder
// library/), which is loaded when something first needs it: libtorch, CUDA and OpenCV take seconds
// to load and initialise, and the window is there before.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/demo.h"
#include "core/data/survey.h"
#include "core/run/run_folder.h"
#include "core/train/trainer.h"
#include "ui/engine/classifier.h"
#include "ui/engine/machine.h"
#include "ui/engine/model_frame.h"
#include "ui/engine/video_source.h"

namespace omniq::ui {

/// Everything may be called from any thread but the window's, and may throw what torch throws
/// (std::exception): out of memory above all.
class Engine {
 public:
  virtual ~Engine() = default;

  /// model::error_of: the error to report of what was thrown.
  virtual Error error_of(const std::exception& thrown, const std::string& if_memory) = 0;

  virtual MachineFacts describe_machine() = 0;
  /// For the setting `device`: auto, cpu or cuda.
  virtual Result<Machine> find_machine(const std::string& device) = 0;

  /// `settings`: those of the run that are replaced, "device=cpu".
  virtual Result<std::unique_ptr<Classifier>> open_classifier(
      const std::filesystem::path& run, const std::vector<std::string>& settings) = 0;
  /// Frames are scaled down to `short_side` pixels where they are larger; 0: as they are.
  virtual Result<std::unique_ptr<VideoSource>> open_video(const std::filesystem::path& path,
                                                          std::int64_t short_side) = 0;

  /// What a model is given of a video: the sampled, cropped and resized frames of all views, view
  /// by view, in the clip's order. Of the experiment, only how clips are made matters. With a seed,
  /// as training draws the first clip of its first epoch, else as evaluation takes it. The window's
  /// `omniq frames`.
  virtual Result<std::vector<ModelFrame>> model_frames(const std::filesystem::path& video,
                                                       const config::Experiment& experiment,
                                                       std::optional<std::uint64_t> training_seed,
                                                       std::stop_token stop) = 0;

  /// assembly::prepare: what must be right before a run's folder is made; with `force` also where the
  /// estimate says that memory will not suffice.
  virtual Status prepare(config::Experiment& experiment, bool force) = 0;
  /// train::train.
  virtual Result<train::TrainOutcome> train(const config::Experiment& experiment,
                                            const run::RunFolder& folder, train::Observer& observer,
                                            std::stop_token stop, std::stop_token stop_now) = 0;
  /// Evaluates a run on its test list and leaves the result in its folder. `progress` is told a
  /// phase ("clips" or "latency") and how much of it is done.
  virtual Status evaluate(
      const std::filesystem::path& run,
      const std::function<void(const std::string&, std::int64_t, std::int64_t)>& progress,
      std::stop_token stop) = 0;

  /// data::generate_demo.
  virtual Status generate_demo(const std::filesystem::path& directory,
                               const data::DemoOptions& options,
                               const std::function<void(std::int64_t, std::int64_t)>& progress,
                               std::stop_token stop) = 0;
  /// data::check_clips.
  virtual Status check_clips(const data::Survey& survey, int threads,
                             const std::function<void(const data::ClipCheck&)>& tell,
                             std::stop_token stop) = 0;
};

/// The engine, which the first call loads: not from the window's thread. An error says why it
/// cannot be loaded. It stays for as long as the program runs.
Result<Engine*> engine();

/// Engine::open_video of the engine that engine() gives.
Result<std::unique_ptr<VideoSource>> open_video(const std::filesystem::path& path,
                                                std::int64_t short_side);

/// What the library exports as "omniq_engine": the engine, or null where the library was not built
/// from `commit`, and so may see other types than the caller.
using EngineEntry = Engine* (*)(const char* commit);

}  // namespace omniq::ui
