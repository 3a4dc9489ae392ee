// omniq predict
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/text.h"
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
  std::cout << video << "\n";
  if (!prediction) {
    std::cout << "  " << prediction.error().text() << "\n";
    return;
  }
  std::size_t width = 0;
  for (const auto& entry : prediction->top5) width = std::max(width, entry.label.size());
  for (const auto& entry : prediction->top5) {
    const auto bar = static_cast<std::size_t>(entry.probability * 30 + 0.5);
    const std::string percent = fixed(100 * entry.probability, 1);
    std::cout << "  " << entry.label << std::string(width - entry.label.size() + 2, ' ')
              << std::string(5 - std::min<std::size_t>(5, percent.size()), ' ') << percent << " %  "
              << std::string(bar, '#') << "\n";
  }
  std::cout << "  " << prediction->frames << " frames, decoded in "
            << fixed(prediction->decode_ms, 1) << " ms, classified in "
            << fixed(prediction->model_ms, 1) << " ms\n";
}

}  // namespace

void add_predict(CommandLine& line) {
  auto path = std::make_shared<std::string>();
  auto videos = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(line, "predict", "Name what happens in video files", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(*path));
        OMNIQ_ASSIGN(infer::Predictor predictor, infer::Predictor::open(folder));
        Json all = Json::array();
        bool unreadable = false;
        for (const std::string& video : *videos) {
          const auto prediction = predictor.predict(video);
          unreadable |= !prediction;
          if (line.json) {
            all.push_back(to_json(video, prediction));
          } else {
            print(video, prediction);
          }
        }
        if (line.json) print_json({{"predictions", all}});
        return unreadable ? kData : kDone;
      });
  command->add_option("RUN", *path, "Run folder")->required();
  command->add_option("VIDEO", *videos, "Video files")->required();
}

}  // namespace omniq::app
