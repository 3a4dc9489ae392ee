// Names what happens in a video: of a whole file, over its time, or in frames as they come.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/loader.h"
#include "core/infer/live.h"
#include "core/infer/moments.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/run/run_folder.h"

namespace omniq::infer {

struct LabelProbability {
  std::string label;
  double probability = 0;  // 0 to 1
};

struct Prediction {
  std::vector<LabelProbability> top5;  // best first
  std::int64_t frames = 0;             // that the model saw
  double decode_ms = 0;                // file → frames in memory
  double model_ms = 0;                 // frames → probabilities
};

class Predictor {
 public:
  /// Loads the run's reported checkpoint, adapters merged.
  static Result<Predictor> open(const run::RunFolder& folder,
                                std::span<const std::string> overrides = {});

  /// Classifies one file as evaluation does. An unreadable file is an error of code `data`, logits
  /// that are not finite are one of code `numeric`: here, and in what follows.
  Result<Prediction> predict(const std::filesystem::path& video);

  /// How the answer comes about: of `moments` points of time spread evenly over the video, what the
  /// model says of what was seen until then. With data.sampling `segments` that is everything since
  /// the first frame, with `stride` the newest window. Calls `tell` in order of time. The video is
  /// decoded as it goes on, and a frame is encoded once.
  Status follow(const std::filesystem::path& video, std::int64_t moments,
                const std::function<void(const Moment&)>& tell, std::stop_token stop = {});

  /// For frames that come one by one. With data.sampling `segments` a clip is spread over the
  /// newest `window` frames (≥ 1); with `stride` it is the newest window that the model was trained
  /// with.
  Live live(std::int64_t window) const;

  const std::vector<std::string>& classes() const { return classes_; }

 private:
  Predictor() = default;
  /// The number of frames that there are, as far as the plan goes, which has a moment at least.
  Result<std::int64_t> follow_plan(const std::filesystem::path& video, const Plan& plan,
                                   const std::function<void(const Moment&)>& tell,
                                   const std::stop_token& stop);

  std::shared_ptr<model::OmniQ> model_;
  std::vector<std::string> classes_;
  data::ClipOptions clip_;
  c10::Device device_{c10::kCPU};
  model::Precision precision_ = model::Precision::float32;
  std::int64_t threads_ = 0;
};

}  // namespace omniq::infer
