// Run folders as the engine leaves them, made without training.
#pragma once

#include <QString>
#include <filesystem>

#include "core/run/run_folder.h"

namespace omniq::ui::test {

struct FakeRun {
  std::string fusion = "mamba";
  std::string trainable = "all";
  run::RunState state = run::RunState::finished;
  std::int64_t epochs = 10, epoch = 10;
  std::int64_t steps_per_epoch = 20;
  double started = 1.79e9;
  double best_top1 = 90;
  std::vector<std::string> tags;
  std::string reason;
  bool on_gpu = true;
  bool evaluated = false;
  std::string selection = "val";
  int seed = 1;  // of the noise in its curves
  // Of its evaluation:
  std::string device = "cpu", dataset = "demo";
  double top5 = 100, ms_per_clip = 2.5, params = 123456;
  double vram = 0;  // bytes; 0: not measured
  std::int64_t depth = 2;
};

/// Makes `workspace/id` and returns it.
std::filesystem::path write_fake_run(const std::filesystem::path& workspace, const std::string& id,
                                     const FakeRun& run = {});

/// metrics.jsonl of a plausible training, `rows` training rows.
std::string fake_metrics(const FakeRun& run, std::int64_t rows);

/// A workspace of `count` runs of every state and fusion.
void write_fake_workspace(const std::filesystem::path& workspace, int count);

}  // namespace omniq::ui::test
