// omniq frames
#include <iostream>

#include "app/omniq/command.h"
#include "app/omniq/signals.h"
#include "core/assembly/dataset.h"
#include "core/base/text.h"
#include "core/config/load.h"
#include "core/data/loader.h"
#include "core/data/video.h"
#include "core/run/run_folder.h"
#include "core/train/setup.h"

namespace omniq::app {
namespace {

namespace fs = std::filesystem;

struct Wishes {
  std::string video, config, run, output;
  std::optional<std::int64_t> training_seed;
};

Result<config::Experiment> experiment_of(const Wishes& wishes) {
  if (!wishes.run.empty()) {
    OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(wishes.run));
    return folder.experiment({});
  }
  return wishes.config.empty() ? config::load_incomplete({}) : config::load(wishes.config, {});
}

/// `number` with so many digits.
std::string digits(std::int64_t number, std::size_t count) {
  const std::string text = std::to_string(number);
  return std::string(count - std::min(count, text.size()), '0') + text;
}

Status make_folder(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) return fail(ErrorCode::io, cat("Cannot make ", folder.string(), ": ", ec.message(), "."));
  return {};
}

Result<int> write_frames(const Wishes& wishes, bool as_json) {
  if (!wishes.config.empty() && !wishes.run.empty())
    return fail(ErrorCode::usage, "Name a configuration or a run, not both.");
  OMNIQ_ASSIGN(const config::Experiment experiment, experiment_of(wishes));
  const Stoppable stop(/*saves=*/false);
  OMNIQ_ASSIGN(const data::ModelClip clip,
               data::load_clip(wishes.video, assembly::clip_options(experiment),
                               wishes.training_seed, stop.token()));
  const fs::path folder = !wishes.output.empty()
                              ? fs::path(wishes.output)
                              : fs::path(fs::path(wishes.video).stem().string() + "-frames");
  OMNIQ_TRY(make_folder(folder));
  const std::int64_t frames = clip.video.size(1);
  const data::FrameSize size{clip.video.size(2), clip.video.size(3)};
  const auto* pixels = clip.video.const_data_ptr<std::uint8_t>();
  auto list = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < clip.numbers.size(); ++i, pixels += clip.video.stride(1)) {
    if (stop.token().stop_requested())
      return fail(ErrorCode::stopped, cat("Stopped; ", i, " pictures are in ", folder.string()));
    const auto place = static_cast<std::int64_t>(i);
    const fs::path file = folder / cat("view", place / frames, "-", digits(place % frames, 3),
                                       "-frame", digits(clip.numbers[i], 6), ".png");
    OMNIQ_TRY(data::write_png(file, pixels, size));
    list.push_back({{"frame", clip.numbers[i]}, {"time", clip.times[i]}, {"file", file.string()}});
    if (!as_json) {
      std::cout << "frame " << clip.numbers[i] << "  " << fixed(clip.times[i], 3) << " s  "
                << shown(file.string()) << "\n";
    }
  }
  if (as_json) print_json(list);
  return kDone;
}

}  // namespace

void add_frames(CommandLine& line) {
  auto wishes = std::make_shared<Wishes>();
  Command command =
      add_command(line, "frames", "Write the frames of a video that a model is given, as PNGs",
                  [=, &line] { return write_frames(*wishes, line.json); });
  command.required("VIDEO", wishes->video, "Video file")
      .option("--config", wishes->config, "As a training by this configuration would take them")
      .option("--run", wishes->run, "As this run takes them; without either, by the defaults")
      .option("--training", wishes->training_seed,
              "As training draws the first clip of its first epoch with this seed; else as "
              "evaluation takes them, all views",
              {0, std::numeric_limits<std::int64_t>::max()})
      .option("--output", wishes->output,
              "Folder to write; VIDEO's name and \"-frames\" by default");
}

}  // namespace omniq::app
