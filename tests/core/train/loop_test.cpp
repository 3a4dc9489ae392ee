// The loop without videos, on an objective of its own: it knows nothing of classes.
#include "core/train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/model/device.h"
#include "tests/core/model/small_model.h"
#include "tests/core/train/one_group.h"
#include "tests/support/temporary_folder.h"

namespace omniq::train {
namespace {

using testing::HasSubstr;
using testing_support::read_text;

/// Two terms that are averaged over different things: the first logit is to be the clip's
/// brightness, over clips, and those of bright clips are to be small, over bright clips.
class Brightness : public Objective {
 public:
  explicit Brightness(model::OmniQ& model) : model_(model) {}

  run::Numbers counts(const ClipBatch& batch, std::int64_t) const override {
    return {{kClips, static_cast<double>(batch.labels.size(0))},
            {"bright", bright(batch).sum().item<double>()}};
  }
  Losses losses(const ClipBatch& batch, std::int64_t step, const run::Numbers& counts) override {
    const model::TrainingPass pass(model_, {1, step, batch.samples});
    const at::Tensor logits = model_.forward(batch.video);
    const at::Tensor first = (logits.select(1, 0) - brightness(batch)).square().sum();
    const at::Tensor second = (logits.square().mean(1) * bright(batch)).sum();
    return {
        first / run::number(counts, kClips) + second / std::max(1.0, run::number(counts, "bright")),
        {{kClips, static_cast<double>(batch.labels.size(0))}, {"loss", first.item<double>()}}};
  }
  Result<run::Numbers> measure(const ClipBatch& batch) override {
    const at::Tensor first = model_.forward(batch.video).select(1, 0);
    return run::Numbers{{kClips, static_cast<double>(batch.labels.size(0))},
                        {"loss", (first - brightness(batch)).square().sum().item<double>()}};
  }
  run::Numbers metrics(const run::Numbers& sums) const override {
    if (run::number(sums, kClips) == 0) return {};
    return {{"loss", sums.at("loss") / sums.at(kClips)}};
  }
  bool better(const run::Numbers& metrics, const run::Numbers& best) const override {
    return best.empty() || metrics.at("loss") < best.at("loss");
  }

 private:
  static at::Tensor brightness(const ClipBatch& batch) {
    return batch.video.to(torch::kFloat32).flatten(1).mean(1) / 255;
  }
  static at::Tensor bright(const ClipBatch& batch) {
    return brightness(batch).gt(0.5).to(torch::kFloat32);
  }
  model::OmniQ& model_;
};

/// Clips of one grey each, always in the same order.
class GreyClips : public data::Batches {
 public:
  GreyClips(std::int64_t clips, std::int64_t batch_size) : clips_(clips), size_(batch_size) {}
  std::int64_t clips() const override { return clips_; }
  std::int64_t batches() const override { return (clips_ + size_ - 1) / size_; }
  void start(std::int64_t, std::int64_t first) override { next_ = first; }
  std::optional<data::Batch> next(std::stop_token stop) override {
    if (stop.stop_requested() || next_ == batches()) return std::nullopt;
    data::Batch batch;
    for (std::int64_t clip = next_ * size_; clip < std::min(clips_, (next_ + 1) * size_); ++clip)
      batch.indices.push_back(clip);
    ++next_;
    const at::Tensor grey = (torch::tensor(batch.indices) * 255 / (clips_ - 1)).to(torch::kByte);
    batch.video = grey.view({-1, 1, 1, 1, 1, 1}).expand({-1, 1, 4, 32, 32, 3}).contiguous();
    batch.labels = torch::zeros({grey.size(0)}, torch::kLong);
    return batch;
  }

 private:
  std::int64_t clips_, size_, next_ = 0;
};

class StopAt : public Observer {
 public:
  explicit StopAt(std::int64_t step) : step_(step) {}
  void on_progress(const Progress& p) override {
    if (p.phase == "train" && p.step == step_) stop.request_stop();
  }
  std::stop_source stop;

 private:
  std::int64_t step_;
};

class LoopTest : public testing::Test {
 protected:
  run::RunFolder folder(const std::string& name, std::int64_t batch_size) {
    config::Experiment e;
    e.data.root = folder_.path().string();
    e.run.dir = (folder_ / name).string();
    e.train.batch_size = batch_size;
    e.train.accum_steps = 8 / batch_size;
    e.train.epochs = 3;
    e.train.log_every = 1;
    e.train.trainable = "all";
    e.data.val = 0.1;
    const auto folder = run::RunFolder::create(e);
    EXPECT_TRUE(folder) << folder.error().text();
    return folder.value();
  }

  /// 20 clips, two steps of 8 and one of 4 an epoch.
  Result<TrainOutcome> train(const run::RunFolder& folder, Observer& observer,
                             std::stop_token stop = {}) {
    OMNIQ_ASSIGN(const config::Experiment e, folder.experiment());
    const auto model = model::small_model("mamba");
    Brightness objective(*model);
    AdamW optimizer({one_group(*model, 2e-4)}, {});
    GreyClips clips(20, e.train.batch_size), watched(6, 4);
    run::Heartbeat heartbeat(folder, {});
    Loop loop({e,
               folder,
               observer,
               heartbeat,
               *model,
               objective,
               optimizer,
               {},
               {"grey"},
               clips,
               &watched,
               /*held_out=*/true},
              std::move(stop), {});
    OMNIQ_TRY(loop.restore());
    auto outcome = loop.run();
    if (outcome) OMNIQ_TRY(heartbeat.finish(outcome->state, ""));
    return outcome;
  }

  static std::vector<double> losses(const run::RunFolder& folder) {
    std::vector<double> all;
    const auto file = run::read_metrics(folder.file("metrics.jsonl"));
    for (const run::MetricsRow& row : file->rows) all.push_back(row[run::Metric::loss]);
    return all;
  }

  const model::ThreadScope threads_{1};
  const testing_support::TemporaryFolder folder_;
};

TEST_F(LoopTest, TrainsWhateverTheObjectiveSays) {
  Observer silent;
  const run::RunFolder run = folder("run", 4);
  const auto outcome = train(run, silent);
  ASSERT_TRUE(outcome) << outcome.error().text();
  EXPECT_EQ(outcome->state, run::RunState::finished);
  EXPECT_EQ(outcome->steps, 9);
  const auto rows = run::read_metrics(run.file("metrics.jsonl"))->rows;
  ASSERT_EQ(rows.size(), 3u * 4);
  double least = 1e9;
  std::int64_t best = 0;
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    const run::MetricsRow* of_epoch = &rows[static_cast<std::size_t>(4 * epoch)];
    const auto loss = [&](int i) { return of_epoch[i][run::Metric::loss]; };
    EXPECT_NEAR(of_epoch[2].of_epoch.at("loss"), (8 * loss(0) + 8 * loss(1) + 4 * loss(2)) / 20,
                1e-12);
    EXPECT_EQ(of_epoch[3].phase, "val");
    EXPECT_FALSE(of_epoch[3].values.contains("top1"));
    if (loss(3) < least) least = loss(3), best = epoch + 1;
  }
  EXPECT_LT(rows.back()[run::Metric::loss], rows[0][run::Metric::loss] / 2);
  EXPECT_EQ(outcome->best_epoch, best);
  EXPECT_EQ(outcome->best.at("loss"), least);
  EXPECT_EQ(assembly::read_checkpoint_state(run.best_checkpoint())->epoch, best);
}

// Every term is averaged over all that a step has of it.
TEST_F(LoopTest, BatchesOfAnySizeGiveTheSameSteps) {
  Observer silent;
  const run::RunFolder reference = folder("8", 8);
  const auto finished = train(reference, silent);
  ASSERT_TRUE(finished) << finished.error().text();
  const auto expected = losses(reference);
  for (const std::int64_t size : {4, 2, 1}) {
    const run::RunFolder run = folder(std::to_string(size), size);
    ASSERT_TRUE(train(run, silent));
    const auto got = losses(run);
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-5) << size;
  }
}

TEST_F(LoopTest, GoesOnWhereItStoppedBitForBit) {
  Observer silent;
  const run::RunFolder reference = folder("whole", 4);
  ASSERT_TRUE(train(reference, silent));
  for (const std::int64_t step : {1, 3, 5}) {
    const run::RunFolder run = folder("stopped" + std::to_string(step), 4);
    StopAt observer(step);
    const auto paused = train(run, observer, observer.stop.get_token());
    ASSERT_TRUE(paused) << paused.error().text();
    EXPECT_EQ(paused->state, run::RunState::paused);
    EXPECT_EQ(paused->steps, step);
    ASSERT_TRUE(train(run, silent));
    EXPECT_EQ(losses(run), losses(reference)) << step;
  }
}

}  // namespace
}  // namespace omniq::train
