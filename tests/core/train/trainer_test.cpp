#include "core/train/trainer.h"
#include "core/assembly/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <fstream>
#include <limits>
#include <set>
#include <thread>

#include "core/assembly/checkpoint.h"
#include "core/base/text.h"
#include "core/data/video.h"
#include "core/eval/run_evaluation.h"
#include "core/infer/predictor.h"
#include "core/model/weights/safetensors.h"
#include "core/train/setup.h"
#include "tests/core/data/video_files.h"
#include "tests/core/train/demo_training.h"

namespace omniq::train {
namespace {

using testing::HasSubstr;
using testing_support::read_text;

using TrainerTest = DemoTraining;

/// How often TensorBoard's files say that what came before is void from `step` on.
std::size_t restarts_at(const run::RunFolder& folder, char step) {
  // tensorflow.Event: step 2 (varint), session_log 7 with its status START.
  const std::string restart = {0x10, step, 0x3a, 2, 8, 1};
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (!entry.path().filename().string().starts_with("events.out.tfevents.")) continue;
    const std::string bytes = read_text(entry.path());
    for (auto at = bytes.find(restart); at != bytes.npos; at = bytes.find(restart, at + 1)) ++count;
  }
  return count;
}

/// Asks for a stop after a number of steps.
class StopAfter : public Observer {
 public:
  explicit StopAfter(std::int64_t step) : step_(step) {}
  void on_progress(const Progress& p) override {
    if (p.phase == "train" && p.step == step_) source_.request_stop();
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::int64_t step_;
  std::stop_source source_;
};

/// metrics.jsonl without what is measured.
std::string curve(const run::RunFolder& folder) {
  std::string out;
  const auto file = run::read_metrics(folder.file("metrics.jsonl"));
  for (run::MetricsRow row : file->rows) {
    row.time = 0;
    for (const auto metric :
         {run::Metric::clips_per_second, run::Metric::data_wait, run::Metric::vram_bytes})
      row.values.erase(run::info(metric).name);
    out += run::to_line(row) + "\n";
  }
  return out;
}

void expect_same_weights(const run::RunFolder& one, const run::RunFolder& other) {
  const auto a = model::load_safetensors(one.last_checkpoint()),
             b = model::load_safetensors(other.last_checkpoint());
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->tensors.size(), b->tensors.size());
  for (const auto& [name, tensor] : a->tensors)
    EXPECT_TRUE(torch::equal(tensor, b->find(name))) << name;
}

TEST_F(TrainerTest, ResumesBitForBitFromAnyStep) {
  Observer silent;
  config::Experiment whole = experiment("whole");
  const auto reference = run::RunFolder::create(whole);
  ASSERT_TRUE(reference) << reference.error().text();
  const auto finished = train(whole, *reference, silent);
  ASSERT_TRUE(finished) << finished.error().text();
  EXPECT_EQ(finished->state, run::RunState::finished);
  EXPECT_EQ(finished->selection, "last");
  const std::string expected = curve(*reference);
  EXPECT_THAT(expected, testing::AllOf(HasSubstr(R"("phase":"test")"),
                                       testing::Not(HasSubstr(R"("phase":"val")"))));
  // What an epoch's last row says of the epoch is the mean of its rows over their clips: 3 steps of
  // 4 clips and the last one.
  const auto rows = run::read_metrics(reference->file("metrics.jsonl"))->rows;
  for (std::size_t epoch_start : {0u, 3u}) {
    const auto &first = rows[epoch_start], &last = rows[epoch_start + 1];
    EXPECT_TRUE(first.of_epoch.empty());
    const double share = static_cast<double>(first.step - 4 * (first.epoch - 1)) / 4;
    for (const auto metric : {run::Metric::loss, run::Metric::top1, run::Metric::top5}) {
      EXPECT_NEAR(run::value_of(last.of_epoch, metric),
                  share * first[metric] + (1 - share) * last[metric], 1e-9);
    }
  }
  EXPECT_EQ(split(expected, '\n').size(), 1u + 2 * 3);  // steps 3 or 6, epoch end, validation

  for (const std::int64_t step : {1, 2, 4, 5, 7}) {  // four steps an epoch
    config::Experiment e = experiment(cat("stopped", step));
    const auto folder = run::RunFolder::create(e);
    StopAfter stop(step);
    const auto paused = train(e, *folder, stop, stop.token());
    ASSERT_TRUE(paused) << paused.error().text();
    EXPECT_EQ(paused->state, run::RunState::paused);
    EXPECT_EQ(folder->status()->state, run::RunState::paused);
    // What a killed process could leave beyond its checkpoint.
    std::ofstream(folder->file("metrics.jsonl"), std::ios::app)
        << R"({"step":99,"epoch":9,"time":1,"phase":"train","loss":1,"top1":1,"top5":1})"
        << "\n{\"ste";
    const auto resumed = train(*folder->experiment(), *folder, silent);
    ASSERT_TRUE(resumed) << resumed.error().text();
    EXPECT_EQ(curve(*folder), expected) << "stopped after step " << step;
    expect_same_weights(*folder, *reference);
  }
}

TEST_F(TrainerTest, StopNowDiscardsWhatCameAfterTheCheckpointAndResumesBitForBit) {
  Observer silent;
  config::Experiment whole = experiment("now_whole");
  const auto reference = run::RunFolder::create(whole);
  ASSERT_TRUE(train(whole, *reference, silent));
  // The end of the first epoch is step 4: before it there is no checkpoint to go back to.
  for (const auto& [step, checkpoint] : {std::pair<std::int64_t, std::int64_t>{2, 0}, {7, 4}}) {
    config::Experiment e = experiment(cat("now", step));
    const auto folder = run::RunFolder::create(e);
    StopAfter stop(step);
    const auto stopped = train(e, *folder, stop, {}, stop.token());
    ASSERT_TRUE(stopped) << stopped.error().text();
    EXPECT_EQ(stopped->state, run::RunState::paused);
    EXPECT_FALSE(stopped->saved);
    EXPECT_EQ(stopped->epochs, checkpoint / 4);
    EXPECT_EQ(std::filesystem::exists(folder->last_checkpoint()), checkpoint > 0);
    const auto status = folder->status();
    EXPECT_EQ(status->state, run::RunState::paused);
    EXPECT_EQ(status->step, checkpoint);
    EXPECT_THAT(status->reason, HasSubstr(cat("after step ", checkpoint, " is discarded")));
    ASSERT_TRUE(train(*folder->experiment(), *folder, silent));
    EXPECT_EQ(curve(*folder), curve(*reference)) << "stopped after step " << step;
    EXPECT_EQ(restarts_at(*folder, 1), checkpoint == 0 ? 2u : 1u);
    EXPECT_EQ(restarts_at(*folder, 5), checkpoint == 4 ? 1u : 0u);
    expect_same_weights(*folder, *reference);
  }
}

TEST_F(TrainerTest, StopNowWinsOverAPauseThatWasAskedForBefore) {
  config::Experiment e = experiment("now_and_pause");
  const auto folder = run::RunFolder::create(e);
  StopAfter stop(1);
  const auto stopped = train(e, *folder, stop, stop.token(), stop.token());
  ASSERT_TRUE(stopped) << stopped.error().text();
  EXPECT_FALSE(stopped->saved);
  EXPECT_FALSE(std::filesystem::exists(folder->last_checkpoint()));
}

TEST_F(TrainerTest, GivesTheSameCurveForTheSameSeedWhateverTheWorkers) {
  Observer silent;
  config::Experiment one = experiment("workers1"), four = experiment("workers4"),
                     other = experiment("seed");
  one.train.epochs = four.train.epochs = other.train.epochs = 1;
  four.train.num_workers = 4;
  four.data.cache_gb = 0;
  other.seed = 5;
  const auto a = run::RunFolder::create(one), b = run::RunFolder::create(four),
             c = run::RunFolder::create(other);
  ASSERT_TRUE(train(one, *a, silent) && train(four, *b, silent) && train(other, *c, silent));
  EXPECT_EQ(curve(*a), curve(*b));
  EXPECT_NE(curve(*a), curve(*c));
}

// With dropout, stochastic depth and augmentation, which are drawn for each clip.
TEST_F(TrainerTest, MicroBatchesDoNotChangeTheStep) {
  Observer silent;
  config::Experiment big = experiment("big"), small = experiment("small");
  for (auto* e : {&big, &small}) {
    ASSERT_TRUE(e->fusion.dropout > 0 && e->backbone.stochastic_depth > 0 && e->data.hflip);
    e->train.log_every = 1;
  }
  big.train.batch_size = 32;
  big.train.accum_steps = 1;
  small.train.batch_size = 8;
  small.train.accum_steps = 4;
  const auto a = run::RunFolder::create(big), b = run::RunFolder::create(small);
  ASSERT_TRUE(train(big, *a, silent) && train(small, *b, silent));
  const auto x = run::read_metrics(a->file("metrics.jsonl")),
             y = run::read_metrics(b->file("metrics.jsonl"));
  ASSERT_EQ(x->rows.size(), y->rows.size());
  for (std::size_t i = 0; i < x->rows.size(); ++i)
    EXPECT_NEAR(x->rows[i][run::Metric::loss], y->rows[i][run::Metric::loss], 1e-6);
}

/// Opens another run with another thread count, predicts and evaluates, whenever it is called.
class Neighbour : public Observer {
 public:
  Neighbour(const run::RunFolder& other, std::filesystem::path video)
      : other_(other), video_(std::move(video)) {}
  void work() const {
    const std::vector<std::string> overrides{"threads=2"};
    auto predictor = infer::Predictor::open(other_, overrides);
    ASSERT_TRUE(predictor && predictor->predict(video_));
    ASSERT_TRUE(predictor->follow(video_, 2, [](const infer::Moment&) {}));
    ASSERT_TRUE(eval::evaluate_run(other_, overrides));
    torch::rand({3});  // as anything in the process may
  }
  void on_progress(const Progress&) override { work(); }

 private:
  const run::RunFolder& other_;
  std::filesystem::path video_;
};

TEST_F(TrainerTest, WhatElseTheProcessDoesLeavesTheCurve) {
  Observer silent;
  config::Experiment of_other = experiment("beside"), alone = experiment("alone");
  const auto other = run::RunFolder::create(of_other), reference = run::RunFolder::create(alone);
  write_untrained(*other, 0);
  ASSERT_TRUE(train(alone, *reference, silent));
  const Neighbour neighbour(*other, assembly::open_dataset(alone)->test.clips[0].path);

  // In the thread that trains, between its steps, and in another one all the time.
  config::Experiment between = experiment("between"), meanwhile = experiment("meanwhile");
  const auto a = run::RunFolder::create(between), b = run::RunFolder::create(meanwhile);
  Neighbour in_steps = neighbour;
  ASSERT_TRUE(train(between, *a, in_steps));
  EXPECT_EQ(curve(*a), curve(*reference));
  {
    const std::jthread thread([&](const std::stop_token& stop) {
      do {
        neighbour.work();
      } while (!stop.stop_requested());
    });
    ASSERT_TRUE(train(meanwhile, *b, silent));
  }
  EXPECT_EQ(curve(*b), curve(*reference));
  expect_same_weights(*a, *reference);
  expect_same_weights(*b, *reference);
}

TEST_F(TrainerTest, TwoTrainingsAtOnceDoNotDisturbEachOther) {
  Observer silent;
  std::vector<config::Experiment> all{experiment("first"), experiment("second"),
                                      experiment("first_beside"), experiment("second_beside")};
  std::vector<run::RunFolder> folders;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i % 2 == 1) {
      all[i].seed = 9;
      all[i].threads = 2;
      all[i].fusion.name = "transformer";
    }
    folders.push_back(run::RunFolder::create(all[i]).value());
  }
  const auto run = [&](std::size_t i) { EXPECT_TRUE(train(all[i], folders[i], silent)); };
  run(0);
  run(1);
  {
    const std::jthread first([&] { run(2); });
    run(3);
  }
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(curve(folders[i + 2]), curve(folders[i]));
    expect_same_weights(folders[i + 2], folders[i]);
  }
}

TEST_F(TrainerTest, ChoosesTheBestEpochOnHeldOutClips) {
  Observer silent;
  config::Experiment e = experiment("val");
  e.data.val = 0.25;
  const auto folder = run::RunFolder::create(e);
  const auto outcome = train(e, *folder, silent);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->selection, "val");
  EXPECT_TRUE(std::filesystem::exists(folder->best_checkpoint()));
  EXPECT_EQ(assembly::read_checkpoint_state(folder->best_checkpoint())->epoch, outcome->best_epoch);
}

TEST_F(TrainerTest, OfEpochsWithTheSameHeldOutTop1TheOneOfLeastLossIsTheBest) {
  Observer silent;
  config::Experiment e = experiment("ties");
  e.data.val = 0.1;  // few clips: Top-1 ties
  e.train.epochs = 6;
  const auto folder = run::RunFolder::create(e);
  const auto outcome = train(e, *folder, silent);
  ASSERT_TRUE(outcome) << outcome.error().text();
  double top1 = -1, loss = 0;
  std::int64_t best = 0, ties = 0;
  const auto file = run::read_metrics(folder->file("metrics.jsonl"));
  for (const run::MetricsRow& row : file->rows) {
    if (row.phase != "val") continue;
    const double row_top1 = row[run::Metric::top1], row_loss = row[run::Metric::loss];
    ties += row_top1 == top1;
    if (row_top1 > top1 || (row_top1 == top1 && row_loss < loss))
      top1 = row_top1, loss = row_loss, best = row.epoch;
  }
  EXPECT_GT(ties, 0) << "the case says nothing";
  EXPECT_EQ(outcome->best_epoch, best);
  EXPECT_EQ(assembly::read_checkpoint_state(folder->best_checkpoint())->epoch, best);
}

TEST_F(TrainerTest, EndsAsFailedWhenTheLossIsNotFinite) {
  Observer silent;
  config::Experiment e = experiment("nan");
  // Finite, but not its differences.
  e.init_from_pretrain = (*folder_ / "huge.safetensors").string();
  e.init_allow_partial = true;
  at::Tensor bias = torch::full({8}, 3e38);
  bias.slice(0, 0, 4).neg_();
  ASSERT_TRUE(model::save_safetensors(e.init_from_pretrain, {{"head.bias", bias}}));
  const auto folder = run::RunFolder::create(e);
  const auto outcome = train(e, *folder, silent);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::numeric);
  EXPECT_THAT(outcome.error().message,
              testing::AllOf(HasSubstr("at step 1"), HasSubstr("learning rate"),
                             HasSubstr("no checkpoint yet")));
  EXPECT_EQ(folder->status()->state, run::RunState::failed);
  EXPECT_THAT(folder->status()->reason, HasSubstr("at step 1"));
}

// The only step of the epoch has a finite loss and makes weights that overflow.
TEST_F(TrainerTest, EndsAsFailedWhenTheLogitsOfAValidationAreNotFinite) {
  Observer silent;
  config::Experiment e = experiment("overflow");
  e.train.batch_size = 32;
  e.train.accum_steps = 1;
  e.optim.warmup = 0;
  e.optim.lr_head = e.optim.lr_backbone = 1e30;
  const auto folder = run::RunFolder::create(e);
  const auto outcome = train(e, *folder, silent);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::numeric);
  EXPECT_THAT(outcome.error().message,
              testing::AllOf(HasSubstr("after step 1 of epoch 1"), HasSubstr("no checkpoint yet"),
                             HasSubstr("logits are not finite in float32")));
  EXPECT_EQ(folder->status()->state, run::RunState::failed);
  EXPECT_THAT(folder->status()->reason, HasSubstr("logits are not finite"));
  EXPECT_FALSE(std::filesystem::exists(folder->last_checkpoint()));
  EXPECT_THAT(curve(*folder), testing::Not(HasSubstr("\"test\"")));
}

TEST_F(TrainerTest, LeavesBrokenClipsOutAndCountsThemAsWrong) {
  Observer silent;
  const auto copy = *folder_ / "broken";
  std::filesystem::copy(*folder_ / "demo", copy, std::filesystem::copy_options::recursive);
  std::ofstream(copy / "SlideLeft" / "slide_left_t000.mp4", std::ios::trunc) << "not a video";
  std::ofstream(copy / "Grow" / "grow_e000.mp4", std::ios::trunc);
  config::Experiment e = experiment("broken");
  for (auto* path : {&e.data.root, &e.data.trainlist, &e.data.testlist, &e.data.classind}) {
    *path =
        (copy / std::filesystem::relative(*path, *folder_ / "demo")).lexically_normal().string();
  }
  e.train.epochs = 1;
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(train(e, *folder, silent));
  EXPECT_THAT(read_text(folder->file("log.txt")), HasSubstr("slide_left_t000.mp4"));
  const auto summary = eval::evaluate_run(*folder, {});
  ASSERT_TRUE(summary) << summary.error().text();
  EXPECT_EQ(summary->record.summary.clips, 16);
  EXPECT_EQ(summary->record.summary.unreadable, 1);
  EXPECT_LE(summary->record.summary.top5, 100.0 * 15 / 16);
  EXPECT_THAT(read_text(folder->path() / "eval" / "predictions.csv"), HasSubstr("grow_e000.mp4"));
}

/// A copy of the demo set, for a run that changes it.
config::Experiment with_own_data(config::Experiment e, const std::filesystem::path& copy) {
  const std::filesystem::path demo = e.data.root;
  std::filesystem::copy(demo, copy, std::filesystem::copy_options::recursive);
  for (auto* path : {&e.data.root, &e.data.trainlist, &e.data.testlist, &e.data.classind})
    *path = (copy / std::filesystem::relative(*path, demo)).lexically_normal().string();
  return e;
}

TEST_F(TrainerTest, NoReadableClipIsNoTraining) {
  Observer silent;
  for (const std::string spoiled : {"_t", "_e"}) {  // to train on; to test with
    const auto copy = *folder_ / ("unreadable" + spoiled);
    config::Experiment e = with_own_data(experiment("unreadable" + spoiled + "_run"), copy);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(copy)) {
      if (entry.path().filename().string().find(spoiled + "0") != std::string::npos)
        std::ofstream(entry.path(), std::ios::trunc) << "not a video";
    }
    const auto folder = run::RunFolder::create(e);
    const auto outcome = train(e, *folder, silent);
    ASSERT_FALSE(outcome) << spoiled;
    EXPECT_EQ(outcome.error().code, ErrorCode::data);
    EXPECT_THAT(outcome.error().message,
                HasSubstr(spoiled == "_t" ? "None of the 32 training clips could be decoded"
                                          : "None of the 16 clips could be decoded"));
    EXPECT_EQ(folder->status()->state, run::RunState::failed);
    EXPECT_EQ(folder->status()->reason, outcome.error().text());
    EXPECT_THAT(read_text(folder->file("log.txt")), HasSubstr(outcome.error().message))
        << "the last error of a run is in its log";
    EXPECT_THAT(curve(*folder), testing::Not(HasSubstr("\"test\"")));
  }
}

TEST_F(TrainerTest, GoesOnWithOtherClipsOnlyWhereThatIsAllowed) {
  const auto copy = *folder_ / "changed";
  config::Experiment e = with_own_data(experiment("changed_run"), copy);
  const auto folder = run::RunFolder::create(e);
  StopAfter stop(3);
  ASSERT_TRUE(train(e, *folder, stop, stop.token()));
  Observer silent;
  const config::Experiment saved = folder->experiment().value();
  std::filesystem::remove(copy / "Grow" / "grow_t000.mp4");
  std::filesystem::copy(copy / "Grow" / "grow_t001.mp4", copy / "Grow" / "grow_t900.mp4");
  std::ofstream(copy / "Grow" / "grow_t002.mp4", std::ios::app) << "more";
  const std::string list = read_text(e.data.trainlist);
  std::ofstream(e.data.trainlist, std::ios::app) << "Grow/grow_t900.mp4\n";
  const auto refused = train(saved, *folder, silent);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::data);
  EXPECT_THAT(refused.error().text(),
              testing::AllOf(HasSubstr("1 gone (the first is train Grow/grow_t000.mp4), 1 added "
                                       "(the first is train Grow/grow_t900.mp4), 1 changed (the "
                                       "first is train Grow/grow_t002.mp4)"),
                             HasSubstr("--changed-clips")));
  EXPECT_THAT(read_text(folder->file("log.txt")), HasSubstr("added: train Grow/grow_t900.mp4"));
  EXPECT_EQ(assembly::read_checkpoint_state(folder->last_checkpoint())->step, 3)
      << "nothing is lost";

  // Far fewer clips than the epoch under way has seen already.
  std::string few;
  for (const std::string& line : split(list, '\n')) {
    if (line.find("_t003.mp4") != std::string::npos) few += line + "\n";
  }
  std::ofstream(e.data.trainlist, std::ios::trunc) << few;
  const auto resumed = train(saved, *folder, silent, {}, {}, {.changed_clips = true});
  ASSERT_TRUE(resumed) << resumed.error().text();
  EXPECT_EQ(resumed->epochs, 2);
  EXPECT_EQ(folder->status()->steps, 4) << "three, and one of the epoch that was left";
  EXPECT_EQ(folder->status()->step, 4);
  EXPECT_THAT(read_text(folder->file("log.txt")), HasSubstr("The run goes on with these"));
  EXPECT_TRUE(train(saved, *folder, silent)) << "what it went on with is what it has now";
}

/// Of the run's clips.tsv, "train Grow/a.avi" each.
std::set<std::string> recorded(const run::RunFolder& folder, const std::string& part) {
  std::set<std::string> clips;
  for (const std::string& line : split(read_text(folder.file("clips.tsv")), '\n')) {
    const auto fields = split(line, '\t');
    if (fields[0] == part) clips.insert(fields[3]);
  }
  return clips;
}

TEST_F(TrainerTest, WhatWasTrainedOnIsNeverHeldOutOrTestedWith) {
  const auto copy = *folder_ / "drawn";
  config::Experiment e = with_own_data(experiment("drawn_run"), copy);
  e.data.trainlist = e.data.testlist = e.data.classind = "";  // all is drawn from the folders
  e.data.val = 0.25;
  std::filesystem::remove_all(copy / "lists");
  const auto folder = run::RunFolder::create(e);
  StopAfter stop(2);
  ASSERT_TRUE(train(e, *folder, stop, stop.token()));
  const auto before = recorded(*folder, "train");
  std::set<std::string> drawn_otherwise;
  // Until a draw takes clips of the training for other parts.
  for (int i = 0; drawn_otherwise.empty(); ++i) {
    ASSERT_LT(i, 20);
    std::filesystem::copy(copy / "Grow" / "grow_t000.mp4", copy / "Grow" / cat("a", i, ".mp4"));
    const auto dataset = assembly::open_dataset(e);
    for (const auto* split : {&dataset->val, &dataset->test}) {
      for (const data::ClipRef& clip : split->clips)
        if (before.contains(clip.id)) drawn_otherwise.insert(clip.id);
    }
  }
  Observer silent;
  const auto evaluated = eval::evaluate_run(*folder, {});
  ASSERT_TRUE(evaluated) << evaluated.error().text();
  EXPECT_EQ(evaluated->record.summary.trained_on, 0);
  const auto resumed =
      train(folder->experiment().value(), *folder, silent, {}, {}, {.changed_clips = true});
  ASSERT_TRUE(resumed) << resumed.error().text();
  for (const char* part : {"val", "test"}) {
    for (const std::string& clip : recorded(*folder, part))
      EXPECT_FALSE(before.contains(clip)) << clip;
  }
  EXPECT_THAT(read_text(folder->file("log.txt")),
              HasSubstr("clips stay what they were to this run"));
}

TEST_F(TrainerTest, ARunThatLostACheckpointDoesNotBeginAnew) {
  config::Experiment e = experiment("lost");
  e.data.val = 0.25;
  Observer silent;
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(train(e, *folder, silent));
  const std::string rows = curve(*folder);
  const auto refused = [&](const std::string& what, const std::string& hint) {
    for (const auto& error :
         {train(e, *folder, silent).error(), eval::evaluate_run(*folder, {}).error()}) {
      EXPECT_THAT(error.text(), testing::AllOf(HasSubstr(what), HasSubstr(hint)));
    }
    EXPECT_EQ(curve(*folder), rows);
  };
  ASSERT_TRUE(std::filesystem::exists(folder->best_checkpoint()));
  std::filesystem::rename(folder->best_checkpoint(), *folder_ / "kept");
  refused("best.safetensors is missing", "of epoch 2, in its place: cp '");
  std::filesystem::remove(folder->last_checkpoint());
  refused("last.safetensors: No such file", "The last whole one is ");
}

TEST_F(TrainerTest, ATestListWithoutAClassIsNamed) {
  Observer silent;
  config::Experiment e = experiment("lacking");
  e.train.epochs = 1;
  e.data.testlist = folder_->write("half.txt", "Grow/grow_e000.mp4\nShrink/shrink_e000.mp4\n");
  const auto folder = run::RunFolder::create(e);
  const auto outcome = train(e, *folder, silent);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_THAT(
      read_text(folder->file("log.txt")),
      testing::AllOf(HasSubstr("No clip is in the test list of: "), HasSubstr("SlideLeft")));
  EXPECT_THAT(read_text(folder->file("environment.json")),
              HasSubstr("no clip of it is in the test list"));
}

/// Fails as an allocation does, or as what nobody foresaw.
class Thrower : public Observer {
 public:
  explicit Thrower(bool memory) : memory_(memory) {}
  void on_progress(const Progress&) override {
    if (memory_) throw std::bad_alloc();
    throw std::runtime_error("a broken invariant\nframe #0");
  }

 private:
  bool memory_;
};

TEST_F(TrainerTest, WhatIsThrownIsInStatusAndLog) {
  config::Experiment e = experiment("memory");
  const auto folder = run::RunFolder::create(e);
  Thrower memory(true);
  const auto outcome = train(e, *folder, memory);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::memory);
  EXPECT_THAT(outcome.error().text(),
              testing::AllOf(HasSubstr("Memory ran out: training with train.batch_size=4"),
                             HasSubstr("Lower train.batch_size"), HasSubstr("machine's memory")));
  EXPECT_EQ(folder->status()->state, run::RunState::failed);
  EXPECT_EQ(folder->status()->reason, outcome.error().text());
  EXPECT_THAT(read_text(folder->file("log.txt")), HasSubstr(outcome.error().message));

  config::Experiment other = experiment("broken_invariant");
  const auto second = run::RunFolder::create(other);
  Thrower broken(false);
  EXPECT_THROW((void)train(other, *second, broken), std::runtime_error);
  EXPECT_EQ(second->status()->reason, "Something failed inside the engine: a broken invariant");
  EXPECT_THAT(read_text(second->file("log.txt")), HasSubstr("engine: a broken invariant\n"));
}

TEST_F(TrainerTest, OverfitsAFewClips) {
  Observer silent;
  config::Experiment e = experiment("overfit");
  e.train.epochs = 70;
  e.train.batch_size = 8;
  e.train.accum_steps = 1;
  e.train.log_every = 4;  // an epoch
  e.train.label_smoothing = 0;
  e.optim.beta2 = 0.98;
  e.model.position_std = 0.3;
  e.frames = 8;
  e.fusion.d_state = 16;
  e.fusion.dropout = e.backbone.stochastic_depth = 0;
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(train(e, *folder, silent));
  double top1 = 0;
  const auto file = run::read_metrics(folder->file("metrics.jsonl"));
  for (const auto& row : file->rows) {
    if (row.phase == "train") top1 = row[run::Metric::top1];
  }
  EXPECT_GE(top1, 95);
}

TEST_F(TrainerTest, EvaluationAndPredictionAgree) {
  Observer silent;
  config::Experiment e = experiment("predict");
  e.train.trainable = "lora";
  e.train.epochs = 1;
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(train(e, *folder, silent));
  EXPECT_TRUE(std::filesystem::exists(folder->path() / "adapter" / "adapter_model.safetensors"));
  const auto summary = eval::evaluate_run(*folder, std::vector<std::string>{"eval.batch_size=3"});
  ASSERT_TRUE(summary) << summary.error().text();
  // What the training watched is the same list.
  const run::MetricsRow watched = run::read_metrics(folder->file("metrics.jsonl"))->rows.back();
  EXPECT_EQ(watched.phase, "test");
  EXPECT_DOUBLE_EQ(watched[run::Metric::top1], summary->record.summary.top1);
  EXPECT_DOUBLE_EQ(watched[run::Metric::top5], summary->record.summary.top5);
  auto predictor = infer::Predictor::open(*folder);
  ASSERT_TRUE(predictor) << predictor.error().text();
  const auto dataset = assembly::open_dataset(e);
  for (const std::size_t i : {0u, 9u}) {
    const auto& expected = summary->record.predictions[i];
    EXPECT_EQ(expected.clip, dataset->test.clips[i].id);
    const auto prediction = predictor->predict(dataset->test.clips[i].path);
    ASSERT_TRUE(prediction) << prediction.error().text();
    EXPECT_EQ(prediction->top5.front().label, expected.top.front().label);
    EXPECT_NEAR(prediction->top5.front().probability, expected.top.front().probability, 1e-5);
  }
  // A video that is followed ends with the answer to all of it, also where its header claims more
  // frames than there are.
  const auto whole = dataset->test.clips[0].path, cut = *folder_ / "cut.avi";
  data::test::write_counting_video(cut, 60, {64, 48}, "MJPG");
  std::filesystem::resize_file(cut, std::filesystem::file_size(cut) / 2);
  auto segments =
      infer::Predictor::open(*folder, std::vector<std::string>{"data.sampling=segments"});
  for (const auto& video : {whole, cut}) {
    std::vector<infer::Moment> moments;
    const Status followed =
        segments->follow(video, 7, [&](const infer::Moment& moment) { moments.push_back(moment); });
    ASSERT_TRUE(followed) << followed.error().text();
    EXPECT_GE(moments.size(), 4u);
    for (std::size_t m = 1; m < moments.size(); ++m)
      EXPECT_GT(moments[m].frame, moments[m - 1].frame);
    EXPECT_EQ(moments.back().frame + 1, data::measure_video(video)->frames);
    const auto& last = moments.back().probabilities;
    EXPECT_NEAR(*std::max_element(last.begin(), last.end()),
                segments->predict(video)->top5.front().probability, 1e-5);
  }
  const std::string table = read_text(*folder_ / "results" / "summary.csv");
  EXPECT_THAT(table, HasSubstr("omniq_mamba,swin_nano,1,True,demo,1,4,2,32,3,"));
}

}  // namespace
}  // namespace omniq::train
