#include "core/model/probabilities.h"
#include "core/model/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

namespace omniq::model {
namespace {

using testing::HasSubstr;

TEST(Probabilities, AreTheSoftmaxInFloat32) {
  const at::Tensor logits = torch::tensor({{1.0, 3.0}, {60000.0, 60000.0}}).to(torch::kHalf);
  const auto p = probabilities_of(logits, Precision::float16);
  ASSERT_TRUE(p) << p.error().text();
  EXPECT_EQ(p->scalar_type(), torch::kFloat);
  EXPECT_NEAR((*p)[0][1].item<double>(), 1 / (1 + std::exp(-2.0)), 1e-6);
  EXPECT_NEAR((*p)[1][0].item<double>(), 0.5, 1e-6);
}

// −∞ beside finite logits would pass for a probability of 0.
TEST(Probabilities, OfLogitsThatAreNotFiniteAreAnError) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
    const at::Tensor logits = torch::zeros({3, 4});
    logits[2][1] = value;
    const auto mixed = probabilities_of(logits.to(torch::kHalf), Precision::float16);
    ASSERT_FALSE(mixed) << value;
    EXPECT_EQ(mixed.error().code, ErrorCode::numeric);
    EXPECT_EQ(mixed.error().message, "The model's logits are not finite in float16.");
    EXPECT_THAT(mixed.error().hint, HasSubstr("train.amp"));
    const auto full = probabilities_of(logits, Precision::float32);
    ASSERT_FALSE(full) << value;
    EXPECT_THAT(full.error().message, HasSubstr("float32"));
    EXPECT_THAT(full.error().hint, HasSubstr("diverged"));
  }
}

}  // namespace
}  // namespace omniq::model
