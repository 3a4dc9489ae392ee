// omniq predict
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/data/video.h"
#include "core/infer/predictor.h"

namespace omniq::app {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::string& video, const Result<infer::Prediction>& prediction) {
  Json json = {{"video", video},       {"top5", Json::array()}, {"frames", 0},
               {"decode_ms", nullptr}, {"model_ms", nullptr},   {"error", nullptr}};
  if (!prediction) {
    json["error"] = prediction.error().text();
    return json;
  }
  for (const auto& entry : prediction->top5)
    json["top5"].push_back({{"label", entry.label}, {"probability", entry.probability}});
  json["frames"] = prediction->frames;
  json["decode_ms"] = prediction->decode_ms;
  json["model_ms"] = prediction->model_ms;
  return json;
}

void print(const std::string& video, const Result<infer::Prediction>& prediction) {
  std::cout << shown(video) << "\n";
  if (!prediction) {
    std::cout << "  " << shown(prediction.error().text()) << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& entry : prediction->top5) width = std::max(width, shown(entry.label).size());
  for (const auto& entry : prediction->top5) {
    const auto bar = static_cast<std::size_t>(entry.probability * 30 + 0.5);
    const std::string percent = fixed(100 * entry.probability, 1);
    std::cout << "  " << shown(entry.label)
              << std::string(width - shown(entry.label).size() + 2, ' ')
              << std::string(5 - std::min<std::size_t>(5, percent.size()), ' ') << percent << " %  "
              << std::string(bar, '#') << "\n";
  }
  std::cout << "  " << prediction->frames << " frames, decoded in "
            << fixed(prediction->decode_ms, 1) << " ms, classified in "
            << fixed(prediction->model_ms, 1) << " ms\n";
}

struct LiveFigures {
  std::int64_t frames = 0;
  double decode_ms = 0, model_ms = 0;  // all of it
  std::string label;                   // what the last frame said
};

/// Takes the frames one by one as from a camera: an answer a frame.
Result<LiveFigures> watch(const infer::Predictor& predictor, const std::string& video,
                          std::int64_t window) {
  using Clock = std::chrono::steady_clock;
  const auto ms = [](Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
  };
  OMNIQ_ASSIGN(data::VideoStream stream, data::VideoStream::open(video, 0));
  infer::Live live = predictor.live(window);
  const data::FrameSize size = {stream.height(), stream.width()};
  std::vector<std::uint8_t> frame(static_cast<std::size_t>(size.height * size.width * 3));
  LiveFigures figures;
  infer::Moment last;
  for (auto start = Clock::now(); stream.read(frame.data()); start = Clock::now()) {
    const auto decoded = Clock::now();
    OMNIQ_ASSIGN(last, live.push(frame.data(), size));
    figures.decode_ms += ms(decoded - start);
    figures.model_ms += ms(Clock::now() - decoded);
    ++figures.frames;
  }
  const auto& p = last.probabilities;
  if (!p.empty())
    figures.label = predictor.classes()[std::max_element(p.begin(), p.end()) - p.begin()];
  return figures;
}

Result<int> print_live(const infer::Predictor& predictor, const std::vector<std::string>& videos,
                       std::int64_t window, bool as_json) {
  Json all = Json::array();
  for (const std::string& video : videos) {
    OMNIQ_ASSIGN(const LiveFigures f, watch(predictor, video, window));
    const double rate = 1000.0 * static_cast<double>(f.frames) / (f.decode_ms + f.model_ms);
    all.push_back({{"video", video},
                   {"label", f.label},
                   {"frames", f.frames},
                   {"decode_ms", f.decode_ms},
                   {"model_ms", f.model_ms},
                   {"frames_per_second", rate}});
    if (!as_json) {
      std::cout << shown(video) << "\n  " << shown(f.label) << ", " << f.frames << " frames at "
                << fixed(rate, 1) << " a second\n";
    }
  }
  if (as_json) print_json({{"live", all}});
  return kDone;
}

/// Takes the settings out of the words that are given for videos. A file with = in its name is one
/// where there is such a file.
std::vector<std::string> take_settings(std::vector<std::string>& words) {
  std::vector<std::string> settings;
  std::erase_if(words, [&](const std::string& word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return false;
    std::error_code ec;
    const bool setting =
        config::find_setting(word.substr(0, equals)) || !std::filesystem::exists(word, ec);
    if (setting) settings.push_back(word);
    return setting;
  });
  return settings;
}

}  // namespace

void add_predict(CommandLine& line) {
  auto path = std::make_shared<std::string>();
  auto videos = std::make_shared<std::vector<std::string>>();
  auto window = std::make_shared<std::optional<std::int64_t>>();
  Command command =
      add_command(line, "predict", "Name what happens in video files", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(*path));
        const std::vector<std::string> settings = take_settings(*videos);
        if (videos->empty())
          return fail(ErrorCode::usage, "No video is named.", "omniq predict RUN VIDEO ...");
        OMNIQ_ASSIGN(infer::Predictor predictor, infer::Predictor::open(folder, settings));
        if (*window) return print_live(predictor, *videos, **window, line.json);
        Json all = Json::array();
        int code = kDone;  // of the first that has no answer
        for (const std::string& video : *videos) {
          const auto prediction = predictor.predict(video);
          if (!prediction && code == kDone) code = exit_code(prediction.error().code);
          if (line.json) {
            all.push_back(to_json(video, prediction));
          } else {
            print(video, prediction);
            if (!std::cout.flush()) break;  // nobody reads on; main says why
          }
        }
        if (line.json) print_json({{"predictions", all}});
        return code;
      });
  command.required("RUN", *path, "Run folder")
      .required("VIDEO", *videos,
                "Video files; among them key=value: settings that replace the run's, for example "
                "device=cpu")
      .option("--live", *window,
              "Answer after every frame, as for a camera, from the newest N frames; says how "
              "many frames a second that makes",
              {1, 10000});
}

}  // namespace omniq::app
