#include "core/infer/predictor.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/core/train/demo_training.h"

namespace omniq::infer {
namespace {

using PredictorTest = train::DemoTraining;

TEST_F(PredictorTest, LogitsThatAreNotFiniteAreNoAnswer) {
  config::Experiment e = experiment("diverged");
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  const auto video = *folder_ / "demo" / "Grow" / "grow_e000.mp4";
  for (const double bias :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    write_untrained(*folder, bias);
    auto predictor = Predictor::open(*folder);
    ASSERT_TRUE(predictor) << predictor.error().text();
    const auto prediction = predictor->predict(video);
    ASSERT_FALSE(prediction) << bias;
    EXPECT_EQ(prediction.error().code, ErrorCode::numeric);
    EXPECT_EQ(prediction.error().message, "The model's logits are not finite in float32.");

    const Status followed =
        predictor->follow(video, 4, [&](const Moment& moment) { ADD_FAILURE() << moment.frame; });
    ASSERT_FALSE(followed) << bias;
    EXPECT_EQ(followed.error().code, ErrorCode::numeric);

    const std::vector<std::uint8_t> frame(64 * 48 * 3, 90);
    const auto moment = predictor->live(4).push(frame.data(), {48, 64});
    ASSERT_FALSE(moment) << bias;
    EXPECT_EQ(moment.error().code, ErrorCode::numeric);
  }
}

}  // namespace
}  // namespace omniq::infer
