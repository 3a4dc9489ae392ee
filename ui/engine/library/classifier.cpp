#include "ui/engine/library/classifier.h"

#include <optional>

#include "core/infer/predictor.h"

namespace omniq::ui {
namespace {

class PredictorClassifier : public Classifier {
 public:
  explicit PredictorClassifier(infer::Predictor predictor) : predictor_(std::move(predictor)) {}

  const std::vector<std::string>& classes() const override { return predictor_.classes(); }

  Result<Answer> classify(const std::filesystem::path& video) override {
    OMNIQ_ASSIGN(const infer::Prediction prediction, predictor_.predict(video));
    Answer answer;
    for (const auto& [label, probability] : prediction.top5)
      answer.top5.push_back({label, probability});
    answer.frames = prediction.frames;
    answer.decode_ms = prediction.decode_ms;
    answer.model_ms = prediction.model_ms;
    return answer;
  }

  Status follow(const std::filesystem::path& video, std::int64_t moments,
                const std::function<void(std::int64_t, const std::vector<double>&)>& tell,
                std::stop_token stop) override {
    return predictor_.follow(
        video, moments,
        [&](const infer::Moment& moment) { tell(moment.frame, moment.probabilities); }, stop);
  }

  void start_live(std::int64_t window) override { live_ = predictor_.live(window); }

  Result<std::vector<double>> look(const std::uint8_t* rgb, std::int64_t height,
                                   std::int64_t width) override {
    OMNIQ_ASSIGN(infer::Moment moment, live_.value().push(rgb, {height, width}));
    return std::move(moment.probabilities);
  }

 private:
  infer::Predictor predictor_;
  std::optional<infer::Live> live_;
};

}  // namespace

Result<std::unique_ptr<Classifier>> open_predictor(const std::filesystem::path& run,
                                                   const std::vector<std::string>& settings) {
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
  OMNIQ_ASSIGN(infer::Predictor predictor, infer::Predictor::open(folder, settings));
  // The first answer of a process takes many times as long; it is not to be the one that is timed.
  // That a blank picture has none is no reason to refuse a video.
  constexpr std::int64_t kSide = 64;
  const std::vector<std::uint8_t> blank(kSide * kSide * 3);
  predictor.live(1).push(blank.data(), {kSide, kSide});
  return std::make_unique<PredictorClassifier>(std::move(predictor));
}

}  // namespace omniq::ui
