#include "ui/jobs/engine/classifier.h"

#include <optional>

#include "core/infer/predictor.h"

namespace omniq::ui {

struct Classifier::Impl {
  infer::Predictor predictor;
  std::optional<infer::Live> live;
};

Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Result<Classifier> Classifier::open(const std::filesystem::path& run,
                                    const std::vector<std::string>& settings) {
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(run));
  OMNIQ_ASSIGN(infer::Predictor predictor, infer::Predictor::open(folder, settings));
  // The first answer of a process takes many times as long; it is not to be the one that is timed.
  constexpr std::int64_t kSide = 64;
  const std::vector<std::uint8_t> blank(kSide * kSide * 3);
  predictor.live(1).push(blank.data(), {kSide, kSide});
  return Classifier(std::make_unique<Impl>(Impl{std::move(predictor), {}}));
}

const std::vector<std::string>& Classifier::classes() const { return impl_->predictor.classes(); }

Result<Answer> Classifier::classify(const std::filesystem::path& video) {
  OMNIQ_ASSIGN(const infer::Prediction prediction, impl_->predictor.predict(video));
  Answer answer;
  for (const auto& [label, probability] : prediction.top5)
    answer.top5.push_back({label, probability});
  answer.frames = prediction.frames;
  answer.decode_ms = prediction.decode_ms;
  answer.model_ms = prediction.model_ms;
  return answer;
}

Status Classifier::follow(const std::filesystem::path& video, std::int64_t moments,
                          const std::function<void(std::int64_t, const std::vector<double>&)>& tell,
                          std::stop_token stop) {
  return impl_->predictor.follow(
      video, moments,
      [&](const infer::Moment& moment) { tell(moment.frame, moment.probabilities); }, stop);
}

void Classifier::start_live(std::int64_t window) { impl_->live = impl_->predictor.live(window); }

std::vector<double> Classifier::look(const std::uint8_t* rgb, std::int64_t height,
                                     std::int64_t width) {
  return impl_->live.value().push(rgb, {height, width}).probabilities;
}

}  // namespace omniq::ui
