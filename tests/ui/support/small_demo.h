// A few demo videos, and a model small enough to train on them within seconds.
#pragma once

#include <filesystem>
#include <stdexcept>

#include "core/config/experiment.h"
#include "tests/ui/support/off_thread.h"
#include "ui/engine/engine.h"

namespace omniq::ui::test {

inline void make_small_demo(const std::filesystem::path& folder) {
  data::DemoOptions options;
  options.train_clips = 3;
  options.test_clips = 2;
  options.frames = 8;
  options.size = 64;
  const Status made = off_thread([&] {
    return ui::engine().and_then(
        [&](Engine* engine) { return engine->generate_demo(folder, options, {}, {}); });
  });
  if (!made) throw std::runtime_error(made.error().text());
}

inline config::Experiment small_experiment(const std::filesystem::path& demo,
                                           const std::filesystem::path& runs) {
  config::Experiment e;
  e.vision_backbone = "swin_nano";
  e.frames = 4;
  e.size = 32;
  e.threads = 1;
  e.data.root = demo.string();
  e.data.trainlist = (demo / "lists/trainlist.txt").string();
  e.data.testlist = (demo / "lists/testlist.txt").string();
  e.data.classind = (demo / "lists/classInd.txt").string();
  e.data.val = 0;
  e.data.hflip = false;
  e.data.sampling = "segments";
  e.fusion.name = "average";
  e.train.trainable = "all";
  e.train.accum_steps = 1;
  e.train.log_every = 1;
  e.train.num_workers = 1;
  e.train.epochs = 2;
  e.train.save_dir = runs.string();
  return e;
}

}  // namespace omniq::ui::test
