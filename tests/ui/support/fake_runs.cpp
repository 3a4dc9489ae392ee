#include "tests/ui/support/fake_runs.h"

#include <cmath>
#include <fstream>
#include <random>

#include "core/base/text.h"
#include "core/config/load.h"
#include "core/run/evaluation.h"
#include "core/run/metrics.h"

namespace omniq::ui::test {
namespace fs = std::filesystem;
namespace {

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

// Clips of a run: every class is right but for its neighbour, now and then.
run::Evaluation evaluation_of(const std::string& id, const FakeRun& fake) {
  constexpr int kClips = 25;
  run::Evaluation e;
  e.classes = {"Grow", "Shrink", "SlideLeft", "SlideRight"};
  const int right = static_cast<int>(fake.best_top1 * kClips / 100);
  for (std::size_t c = 0; c < e.classes.size(); ++c) {
    for (int i = 0; i < kClips; ++i) {
      const std::size_t said = i < right ? c : c ^ 1;
      e.predictions.push_back({cat(e.classes[c], "/clip_", i, ".mp4"),
                               e.classes[c],
                               said == c,
                               "",
                               {{e.classes[said], 0.8}, {e.classes[said ^ 1], 0.2}}});
    }
  }
  e.confusion = run::confusion_of(e.classes, e.predictions);
  run::Summary& s = e.summary;
  s.run = id;
  s.dataset = fake.dataset;
  s.split = "1";
  s.clips = 100;
  s.top1 = fake.best_top1;
  s.top5 = fake.top5;
  const auto params = static_cast<std::int64_t>(fake.params);
  s.parameters = {params, params / 10};
  if (fake.vram > 0) s.memory = DeviceMemory{static_cast<std::int64_t>(fake.vram), 0, 0};
  const double ms = fake.ms_per_clip;
  s.latency = run::Latency{8, {8 * ms, 7.5 * ms, 9 * ms, 8 * ms, 100}};
  s.device = fake.device;
  s.precision = "float32";
  return e;
}

}  // namespace

std::string fake_metrics(const FakeRun& fake, std::int64_t rows) {
  std::mt19937 random(static_cast<unsigned>(fake.seed));
  std::normal_distribution<double> noise(0, 1);
  const auto total = static_cast<double>(fake.epochs * fake.steps_per_epoch);
  std::string text;
  for (std::int64_t i = 1; i <= rows; ++i) {
    const double part = static_cast<double>(i) / total;
    run::MetricsRow row;
    row.step = i;
    row.epoch = (i - 1) / fake.steps_per_epoch + 1;
    row.phase = "train";
    row.set(run::Metric::loss, 0.2 + 2 * std::exp(-4 * part) * (1 + 0.08 * noise(random)));
    row.set(run::Metric::top1,
            std::min(100.0, fake.best_top1 * (1 - std::exp(-5 * part)) + noise(random)));
    row.set(run::Metric::top5,
            std::min(100.0, 100 * (1 - std::exp(-12 * part)) + noise(random) / 2));
    row.set(run::Metric::lr, 1e-3 * 0.5 * (1 + std::cos(3.14159 * part)));
    row.time = fake.started + 0.4 * static_cast<double>(i);
    row.set(run::Metric::clips_per_second, 120 + 5 * noise(random));
    row.set(run::Metric::data_wait, std::abs(0.05 + 0.02 * noise(random)));
    if (fake.on_gpu) row.set(run::Metric::vram_bytes, 0x3p30 + static_cast<double>(i) * 1024);
    text += run::to_line(row) + "\n";
    if (i % fake.steps_per_epoch == 0) {
      row.phase = fake.selection == "val" ? "val" : "test";
      row.values = {{"loss", 1.1 * row[run::Metric::loss]},
                    {"top1", 0.95 * row[run::Metric::top1]},
                    {"top5", row[run::Metric::top5]}};
      text += run::to_line(row) + "\n";
    }
  }
  return text;
}

fs::path write_fake_run(const fs::path& workspace, const std::string& id, const FakeRun& fake) {
  const fs::path folder = workspace / id;
  config::Experiment experiment;
  experiment.fusion.name = fake.fusion;
  experiment.fusion.depth = fake.depth;
  experiment.train.trainable = fake.trainable;
  experiment.train.epochs = fake.epochs;
  experiment.data.root = "/data/demo";
  experiment.run.tags = fake.tags;
  experiment.seed = fake.seed;
  write(folder / "config.yaml", config::to_yaml(experiment));
  write(folder / "metrics.jsonl", fake_metrics(fake, fake.epoch * fake.steps_per_epoch));
  write(
      folder / "log.txt",
      "2026-11-22 15:30:01 [info] Run " + folder.string() +
          "\n2026-11-22 15:30:02 [info] 4 classes; 320 clips to train, 0 held out, 100 to test.\n");
  if (fake.evaluated && !run::write_evaluation(folder / "eval", evaluation_of(id, fake)))
    throw std::runtime_error("cannot write " + folder.string());
  const auto opened = run::RunFolder::open(folder);
  run::RunStatus status;
  status.state = fake.state;
  status.pid = 1;
  status.host = fake.state == run::RunState::running ? "another-machine" : run::host_name();
  status.heartbeat = run::now_seconds();
  status.started = fake.started;
  status.reason = fake.reason;
  status.epoch = fake.epoch;
  status.epochs = fake.epochs;
  status.step = fake.epoch * fake.steps_per_epoch;
  status.steps = fake.epochs * fake.steps_per_epoch;
  status.best_top1 = fake.best_top1;
  status.best_epoch = fake.epoch;
  status.selection = fake.selection;
  if (!opened->write_status(status)) throw std::runtime_error("cannot write " + folder.string());
  return folder;
}

void write_fake_workspace(const fs::path& workspace, int count) {
  const char* fusions[] = {"mamba", "mamba2", "transformer", "gated_conv", "average"};
  const run::RunState states[] = {run::RunState::finished, run::RunState::finished,
                                  run::RunState::paused, run::RunState::running,
                                  run::RunState::failed};
  for (int i = 0; i < count; ++i) {
    FakeRun fake;
    fake.fusion = fusions[i % 5];
    fake.state = states[i / 5 % 5];
    fake.epoch = fake.state == run::RunState::finished ? 10 : 1 + i % 9;
    fake.best_top1 = 50 + i % 45;
    fake.started = 1.79e9 + 3600.0 * i;
    fake.seed = i + 1;
    if (i % 3 == 0) fake.tags = {"baseline"};
    if (fake.state == run::RunState::failed) fake.reason = "The loss is not a number at step 41.";
    fake.evaluated = fake.state == run::RunState::finished;
    std::string number = std::to_string(i);
    number.insert(0, 4 - std::min<std::size_t>(4, number.size()), '0');
    write_fake_run(workspace, cat("2026-11-22_", number, "_", fake.fusion, "-all"), fake);
  }
}

}  // namespace omniq::ui::test
