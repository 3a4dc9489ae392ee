#include "kernels/gated_rms_norm/gated_rms_norm.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::gated_rms_norm_test {
namespace {

using testing::Arguments;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;

Arguments make_arguments(std::int64_t clips, std::int64_t tokens, std::int64_t channels) {
  return {{"y", torch::randn({clips, tokens, channels})},
          {"z", 3 * torch::randn({clips, tokens, channels})},
          {"weight", torch::randn({channels})}};
}

at::Tensor tested(const Arguments& a) {
  return kernels::gated_rms_norm(a[0].value, a[1].value, a[2].value);
}

// The formula, in float64.
at::Tensor reference(const Arguments& a) {
  const at::Tensor x = a[0].value * a[1].value * torch::sigmoid(a[1].value);
  return x / torch::sqrt((x * x).mean(-1, true) + 1e-5) * a[2].value;
}

class GatedRmsNormTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
};

TEST_P(GatedRmsNormTest, MatchesReference) {
  for (const std::int64_t tokens : {1, 33, 700}) {
    for (const std::int64_t channels : {4, 19, 64, 516, 1536}) {  // 19 has no kernels
      SCOPED_TRACE(::testing::Message() << "L " << tokens << " C " << channels);
      expect_matches(tested, reference, make_arguments(2, tokens, channels), single(), 1e-5, 1e-4);
    }
  }
}

TEST_P(GatedRmsNormTest, MatchesReferenceInHalfPrecision) {
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    for (const std::int64_t tokens : {33, 4096}) {
      SCOPED_TRACE(::testing::Message() << type << " L " << tokens);
      expect_matches(tested, reference, make_arguments(2, tokens, 128), single().dtype(type), 1e-2,
                     2e-2);
    }
  }
}

TEST_P(GatedRmsNormTest, IsExactInFloat64) {
  expect_matches(tested, reference, make_arguments(2, 33, 64), single().dtype(at::kDouble), 1e-13,
                 1e-12);
}

TEST_P(GatedRmsNormTest, LargeGatesStayFinite) {
  Arguments arguments = make_arguments(1, 8, 64);
  arguments[1].value.select(1, 0).fill_(-1e30);
  arguments[1].value.select(1, 1).fill_(-200);
  arguments[1].value.select(1, 2).fill_(1e4);
  const auto y = testing::run_with_gradients(tested, testing::leaves(arguments, single()),
                                             torch::randn({1, 8, 64}));
  for (const at::Tensor& x : y) EXPECT_TRUE(x.isfinite().all().item<bool>());
}

TEST_P(GatedRmsNormTest, WritesEveryOutputAndRepeatsBitForBit) {
  const Arguments arguments = make_arguments(3, 300, 132);
  const at::Tensor weights = torch::randn({3, 300, 132});
  testing::expect_repeats(tested, arguments, single(), weights);
}

TEST_P(GatedRmsNormTest, SaysWhatIsWrongWithItsArguments) {
  const Arguments good = testing::leaves(make_arguments(2, 5, 8), single());
  const auto error_with = [&](int index, const at::Tensor& value) {
    Arguments bad = good;
    bad[index].value = value;
    return error_of([&] { tested(bad); });
  };
  EXPECT_EQ(error_of([&] { tested(good); }), "");
  EXPECT_THAT(error_with(1, torch::randn({2, 5, 4}, single())), HasSubstr("and z [2, 5, 4]"));
  EXPECT_THAT(error_with(2, torch::randn({4}, single())), HasSubstr("weight has shape [4]"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(GatedRmsNormTest);

}  // namespace
}  // namespace omniq::gated_rms_norm_test
