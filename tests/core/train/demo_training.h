// A demo set of 4 training and 2 test clips a class, made once, an experiment that trains on it
// within a second, and runs that need no training.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <string>

#include "core/assembly/checkpoint.h"
#include "core/assembly/dataset.h"
#include "core/assembly/model.h"
#include "core/config/experiment.h"
#include "core/data/demo.h"
#include "core/run/run_folder.h"
#include "core/train/setup.h"
#include "tests/support/temporary_folder.h"

namespace omniq::train {

class DemoTraining : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing_support::TemporaryFolder;
    data::DemoOptions options;
    options.train_clips = 4;
    options.test_clips = 2;
    options.size = 64;
    ASSERT_TRUE(data::generate_demo(*folder_ / "demo", options));
  }
  static void TearDownTestSuite() { delete folder_; }

  static config::Experiment experiment(const std::string& run) {
    config::Experiment e;
    e.vision_backbone = "swin_nano";
    e.frames = 4;
    e.size = 32;
    e.threads = 1;
    e.data.root = (*folder_ / "demo").string();
    for (auto [key, name] : {std::pair(&e.data.trainlist, "trainlist"),
                             {&e.data.testlist, "testlist"},
                             {&e.data.classind, "classInd"}}) {
      *key = (*folder_ / "demo" / "lists" / (std::string(name) + ".txt")).string();
    }
    e.data.val = 0;
    e.data.sampling = "segments";
    e.fusion.name = "mamba";
    e.fusion.d_state = 8;
    e.fusion.depth = 1;
    e.model.init_std = 0.1;
    e.optim.lr_head = e.optim.lr_backbone = 1e-3;
    e.train.trainable = "all";
    e.train.batch_size = 4;
    e.train.accum_steps = 2;
    e.train.epochs = 2;
    e.train.log_every = 3;
    e.eval.latency = false;
    e.train.save_dir = (*folder_ / "runs").string();
    e.run.dir = (*folder_ / "runs" / run).string();
    return e;
  }

  /// Gives a run the checkpoint of a model that was never trained, its head's biases all `bias`.
  static void write_untrained(const run::RunFolder& folder, double bias) {
    const torch::NoGradGuard no_grad;
    const config::Experiment e = folder.experiment().value();
    assembly::TrainerState state;
    state.classes = assembly::open_dataset(e).value().classes;
    const assembly::BuiltModel built =
        assembly::build_model(e, static_cast<std::int64_t>(state.classes.size())).value();
    built.model->named_parameters()["head.bias"].fill_(bias);
    const Status saved =
        assembly::save_checkpoint(folder.last_checkpoint(), *built.model, nullptr, state);
    ASSERT_TRUE(saved) << saved.error().text();
  }

  inline static testing_support::TemporaryFolder* folder_ = nullptr;
};

}  // namespace omniq::train
