#include "core/train/objectives/classification.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "tests/core/model/small_model.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::train {
namespace {

class ClassificationOn : public omniq::testing::DeviceTest {
 protected:
  /// A model that answers `logits` to whatever it sees.
  std::shared_ptr<model::OmniQ> answering(const at::Tensor& logits) const {
    model::OmniqOptions options = model::small_model("average")->options();
    options.classes = logits.size(0);
    auto model = std::make_shared<model::OmniQ>(options);
    const torch::NoGradGuard no_grad;
    model->named_parameters()["head.weight"].zero_();
    model->named_parameters()["head.bias"].copy_(logits);
    model->to(device());
    return model;
  }

  ClipBatch clips(const std::vector<std::int64_t>& labels) const {
    const auto n = static_cast<std::int64_t>(labels.size());
    return {torch::zeros({n, 4, 32, 32, 3}, torch::kByte).to(device()),
            torch::tensor(labels).to(device()), torch::arange(n, torch::kLong).to(device())};
  }
};
OMNIQ_INSTANTIATE_ON_DEVICES(ClassificationOn);

TEST_P(ClassificationOn, CountsTheBestAndTheBestFive) {
  const at::Tensor logits = torch::tensor({0., 1., 2., 3., 4., 5., 6.});
  const auto model = answering(logits);
  Classification objective(*model, model::Precision::float32, /*label_smoothing=*/0, 0);
  const ClipBatch batch = clips({6, 6, 2, 1, 0});
  const at::Tensor log_p = logits.log_softmax(0);
  double loss = 0;
  for (const std::int64_t label : {6, 6, 2, 1, 0}) loss -= log_p[label].item<double>() / 5;

  model->eval();
  const auto measured = objective.measure(batch);
  ASSERT_TRUE(measured) << measured.error().text();
  const run::Numbers counts = objective.counts(batch, 0);
  const Objective::Losses trained = objective.losses(batch, 0, counts);
  EXPECT_NEAR(trained.loss.item<double>(), loss, 1e-5);
  for (const run::Numbers& sums : {*measured, trained.sums}) {
    const run::Numbers metrics = objective.metrics(sums);
    EXPECT_NEAR(metrics.at("loss"), loss, 1e-5);
    EXPECT_DOUBLE_EQ(metrics.at("top1"), 40);
    EXPECT_DOUBLE_EQ(metrics.at("top5"), 60);
  }
}

TEST_P(ClassificationOn, AClipThatCannotBeReadOrHasNoClassIsWrong) {
  const auto model = answering(torch::tensor({3., 0.}));
  Classification objective(*model, model::Precision::float32, /*label_smoothing=*/0, 0);
  model->eval();
  run::Numbers sums = objective.measure(clips({0, -1})).value();
  run::add(sums, {{kWrong, 2}});
  const run::Numbers metrics = objective.metrics(sums);
  EXPECT_DOUBLE_EQ(metrics.at("top1"), 25);
  EXPECT_NEAR(metrics.at("loss"), std::log1p(std::exp(-3.)), 1e-6) << "of the one with a class";
}

TEST_P(ClassificationOn, LogitsThatAreNotFiniteAreAnError) {
  const auto model = answering(torch::tensor({std::nan(""), 0.}));
  Classification objective(*model, model::Precision::float32, /*label_smoothing=*/0, 0);
  model->eval();
  const auto measured = objective.measure(clips({0}));
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code, ErrorCode::numeric);
}

TEST_P(ClassificationOn, TheHighestTop1IsTheBestAndOfEqualOnesTheLowestLoss) {
  const auto model = answering(torch::tensor({0., 0.}));
  const Classification objective(*model, model::Precision::float32, /*label_smoothing=*/0, 0);
  const auto metrics = [](double top1, double loss) {
    return run::Numbers{{"loss", loss}, {"top1", top1}, {"top5", 100}};
  };
  EXPECT_TRUE(objective.better(metrics(0, 9), {}));
  EXPECT_TRUE(objective.better(metrics(60, 2), metrics(50, 1)));
  EXPECT_FALSE(objective.better(metrics(50, 1), metrics(60, 2)));
  EXPECT_TRUE(objective.better(metrics(50, 1), metrics(50, 2)));
  EXPECT_FALSE(objective.better(metrics(50, 1), metrics(50, 1)));
}

}  // namespace
}  // namespace omniq::train
