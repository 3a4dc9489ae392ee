// The training step from tensors alone, so that it also runs on a GPU host without video.
#include "core/train/step.h"

#include <gtest/gtest.h>

#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/model/preprocess.h"
#include "core/train/objectives/classification.h"
#include "tests/core/model/small_model.h"
#include "tests/core/train/one_group.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::train {
namespace {

using testing::relative_error;

class TrainStepOn : public omniq::testing::DeviceTest {
 protected:
  // Three classes of noise clips, two clips each: [6, 4, 32, 32, 3] and their labels.
  void SetUp() override {
    DeviceTest::SetUp();
    if (IsSkipped()) return;
    video_ = torch::randint(0, 256, {6, 4, 32, 32, 3}, torch::kByte).to(device());
    samples_ = torch::tensor({40, 3, 11, 2, 0, 25}, torch::kLong).to(device());
    labels_ = torch::arange(6, torch::kLong).remainder(3).to(device());
    model_ = model::small_model("mamba");
    model_->to(device());
    model_->eval();  // no dropout: steps that ought to be equal are
    optimizer_.emplace(std::vector{one_group(*model_, 1e-3)}, AdamWOptions{});
  }

  TrainStep step(model::Precision precision) {
    objective_.emplace(*model_, precision, /*label_smoothing=*/0, /*seed=*/1);
    return {*objective_, *optimizer_, {device(), precision, /*clip_norm=*/0.5}};
  }

  std::vector<ClipBatch> all() const { return {{video_, labels_, samples_}}; }
  ClipBatch part(std::int64_t first, std::optional<std::int64_t> end = {},
                 std::int64_t every = 1) const {
    const auto of = [&](const at::Tensor& x) { return x.slice(0, first, end, every); };
    return {of(video_), of(labels_), of(samples_)};
  }

  at::Tensor parameters() const {
    std::vector<at::Tensor> flat;
    for (const auto& p : model_->parameters()) flat.push_back(p.detach().flatten().cpu());
    return torch::cat(flat);
  }

  at::Tensor gradients() const {
    std::vector<at::Tensor> flat;
    for (const auto& g : optimizer_->gradients()) flat.push_back(g.flatten().clone());
    return torch::cat(flat);
  }

  at::Tensor video_, labels_, samples_;
  std::shared_ptr<model::OmniQ> model_;
  std::optional<AdamW> optimizer_;
  std::optional<Classification> objective_;
};
OMNIQ_INSTANTIATE_ON_DEVICES(TrainStepOn);

TEST_P(TrainStepOn, MicroBatchesOfAnySizeGiveTheSameGradient) {
  auto train_step = step(model::Precision::float32);
  train_step.accumulate(all(), 0);
  const at::Tensor whole = gradients();
  optimizer_->zero_grad();
  train_step.accumulate(std::vector{part(0, 1), part(1)}, 0);
  EXPECT_LT(relative_error(gradients(), whole), 1e-4);
}

// As ranks and micro-batches do it: each has its own clips, and they draw as they would together.
TEST_P(TrainStepOn, RanksDrawWhatOneProcessDraws) {
  for (const std::string& fusion : model::fusion_names()) {
    for (const auto trainable : {model::Trainable::all, model::Trainable::lora}) {
      SCOPED_TRACE(::testing::Message() << fusion << " " << static_cast<int>(trainable));
      const auto make = [&] {
        model::OmniqOptions options = model::small_model(fusion)->options();
        options.stochastic_depth = 0.5;
        options.fusion_options.dropout = 0.3;
        model_ = std::make_shared<model::OmniQ>(options);
        model_->set_trainable(trainable, {4, 8, 0.3}, /*head_adapter=*/false);
        const torch::NoGradGuard no_grad;
        torch::manual_seed(4);
        for (const auto& item : model_->named_parameters()) {
          if (item.key().ends_with("lora_B")) item.value().normal_(0, 0.1);
        }
        model_->to(device());
        model_->train();
        optimizer_.emplace(std::vector{one_group(*model_, 1e-3)}, AdamWOptions{});
      };
      // What stochastic depth and every layer's dropout draw for such samples.
      const auto masks = [&](const at::Tensor& samples) {
        const model::TrainingPass pass(*model_, {1, 7, samples});
        std::vector<at::Tensor> drawn;
        for (const auto& module : model_->modules(false)) {
          if (auto* dropout = module->as<model::Dropout>())
            drawn.push_back(dropout->forward(torch::ones({samples.size(0), 5, 16}, device())));
        }
        auto& encoder = *model_->backbone().as<model::SwinImpl>();
        if (const auto keep = encoder.draw_stochastic_depth(4 * samples.size(0), device());
            keep.defined()) {
          drawn.push_back(keep.t().reshape({samples.size(0), -1}));
        }
        return drawn;
      };
      make();
      const auto all_masks = masks(samples_);
      step(model::Precision::float32).accumulate(all(), 7);
      const at::Tensor whole = gradients();
      for (const std::int64_t ranks : {1, 2, 3}) {
        at::Tensor sum = torch::zeros_like(whole);
        std::vector<std::vector<at::Tensor>> of_ranks;
        for (std::int64_t rank = 0; rank < ranks; ++rank) {
          make();
          const ClipBatch mine = part(rank, {}, ranks);
          of_ranks.push_back(masks(mine.samples));
          const auto of_step = step(model::Precision::float32);  // makes the objective
          objective_->losses(mine, 7, objective_->counts(part(0), 7)).loss.backward();
          sum += gradients();
        }
        // Products of other sizes are summed in another order on a GPU.
        EXPECT_LT(relative_error(sum, whole), device().is_cuda() ? 5e-6 : 1e-6) << ranks;
        for (std::size_t i = 0; i < all_masks.size(); ++i) {
          for (std::int64_t rank = 0; rank < ranks; ++rank) {
            const auto& drawn = of_ranks[static_cast<std::size_t>(rank)][i];
            EXPECT_TRUE(torch::equal(drawn, all_masks[i].slice(0, rank, {}, ranks)));
          }
          EXPECT_GT(all_masks[i].eq(0).sum().item<std::int64_t>(), 0) << "the case says nothing";
        }
      }
    }
  }
}

TEST_P(TrainStepOn, LearnsItsClipsInEveryPrecision) {
  std::vector<model::Precision> precisions = {model::Precision::float32};
  if (device().is_cuda()) {
    precisions.push_back(model::Precision::float16);
    if (model::supports_bfloat16(device())) precisions.push_back(model::Precision::bfloat16);
  }
  for (const model::Precision precision : precisions) {
    SCOPED_TRACE(model::precision_name(precision));
    SetUp();
    auto train_step = step(precision);
    run::Numbers sums;
    for (std::int64_t i = 0; i < 80; ++i) {
      sums = train_step.accumulate(all(), i).value();
      EXPECT_TRUE(std::isfinite(train_step.update(1).grad_norm) ||
                  precision == model::Precision::float16);
    }
    EXPECT_LT(sums["loss"] / 6, 0.1);
    EXPECT_EQ(sums["top1"], 6);
  }
}

TEST_P(TrainStepOn, AnOverflowSkipsTheStepAndHalvesTheScale) {
  if (device().is_cpu()) GTEST_SKIP() << "float16 trains on a GPU alone";
  auto train_step = step(model::Precision::float16);
  const double scale = 0x1p126;  // the gradients of a loss times this are infinite
  train_step.set_loss_scale(scale, 7);
  const at::Tensor before = parameters();
  train_step.accumulate(all(), 0);
  for (auto& gradient : optimizer_->gradients()) gradient.mul_(0x1p100);
  const StepResult result = train_step.update(1);
  EXPECT_TRUE(result.skipped);
  EXPECT_EQ(train_step.loss_scale(), scale / 2);
  EXPECT_EQ(train_step.steps_since_scale_change(), 0);
  EXPECT_TRUE(parameters().equal(before));
  EXPECT_TRUE(optimizer_->gradients().empty());
}

TEST_P(TrainStepOn, TheScaleLeavesTheUpdateAsItIs) {
  auto plain = step(model::Precision::float32);
  plain.accumulate(all(), 0);
  const double norm = plain.update(0).grad_norm;
  auto scaled = step(model::Precision::float32);
  scaled.set_loss_scale(1024, 0);
  scaled.accumulate(all(), 0);
  EXPECT_NEAR(scaled.update(0).grad_norm, norm, 1e-3 * norm);
}

// What a model keeps of its parameters between forwards must not outlive a step.
TEST_P(TrainStepOn, AnEvaluationSeesWhatTheStepsBeforeItChanged) {
  const auto logits = [&](model::OmniQ& m) {
    const torch::NoGradGuard no_grad;
    return m.forward(model::normalize_frames(video_));
  };
  auto train_step = step(model::Precision::float32);
  for (int i = 0; i < 3; ++i) {
    const at::Tensor before = logits(*model_);
    train_step.accumulate(all(), i);
    train_step.update(1);
    const auto fresh = model::small_model("mamba");
    fresh->to(device());
    fresh->eval();
    {
      const torch::NoGradGuard no_grad;
      const auto trained = model_->named_parameters();
      for (auto& item : fresh->named_parameters()) item.value().copy_(trained[item.key()]);
    }
    const at::Tensor after = logits(*model_);
    EXPECT_LT(relative_error(after, logits(*fresh)), 1e-6);
    EXPECT_GT(relative_error(after, before), 1e-4);
  }
}

TEST_P(TrainStepOn, AStepThatIsNotWantedAnyMoreLeavesNoGradient) {
  auto train_step = step(model::Precision::float32);
  int asked = 0;
  EXPECT_FALSE(
      train_step.accumulate(std::vector{part(0, 1), part(1)}, 0, [&] { return ++asked == 1; }));
  EXPECT_EQ(asked, 2);
  EXPECT_TRUE(optimizer_->gradients().empty());
}

}  // namespace
}  // namespace omniq::train
