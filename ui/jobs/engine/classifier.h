// infer::Predictor behind a header without torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
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
  /// `settings`: those of the run that are replaced, "device=cpu".
  static Result<Classifier> open(const std::filesystem::path& run,
                                 const std::vector<std::string>& settings = {});
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  const std::vector<std::string>& classes() const;
  /// Of the whole video, as evaluation does it.
  Result<Answer> classify(const std::filesystem::path& video);
  /// Over the time of the video: see infer::Predictor::follow.
  Status follow(const std::filesystem::path& video, std::int64_t moments,
                const std::function<void(std::int64_t frame, const std::vector<double>&)>& tell,
                std::stop_token stop);

  /// For frames that come one by one: see infer::Predictor::live.
  void start_live(std::int64_t window);
  /// The next frame, RGB rows of [height, width, 3] → a probability for each class.
  std::vector<double> look(const std::uint8_t* rgb, std::int64_t height, std::int64_t width);

 private:
  struct Impl;
  explicit Classifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace omniq::ui
