// infer::Predictor without torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace omniq::ui {

struct Answer {
  struct Entry {
    std::string label;
    double probability = 0;  // 0 to 1
  };
  std::vector<Entry> top5;
  std::int64_t frames = 0;
  double decode_ms = 0, model_ms = 0;
};

class Classifier {
 public:
  virtual ~Classifier() = default;

  virtual const std::vector<std::string>& classes() const = 0;
  /// Of the whole video, as evaluation does it.
  virtual Result<Answer> classify(const std::filesystem::path& video) = 0;
  /// Over the time of the video: see infer::Predictor::follow.
  virtual Status follow(
      const std::filesystem::path& video, std::int64_t moments,
      const std::function<void(std::int64_t frame, const std::vector<double>&)>& tell,
      std::stop_token stop) = 0;

  /// For frames that come one by one: see infer::Predictor::live.
  virtual void start_live(std::int64_t window) = 0;
  /// The next frame, RGB rows of [height, width, 3] → a probability for each class.
  virtual Result<std::vector<double>> look(const std::uint8_t* rgb, std::int64_t height,
                                           std::int64_t width) = 0;
};

}  // namespace omniq::ui
