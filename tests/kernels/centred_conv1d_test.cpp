#include "kernels/centred_conv1d/centred_conv1d.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"
#include "tests/reference/centred_conv1d.h"

namespace omniq::centred_conv1d_test {
namespace {

using kernels::centred_conv1d;
using testing::Arguments;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;
using testing::Operator;
using testing::optional;

Arguments make_arguments(std::int64_t clips, std::int64_t tokens, std::int64_t channels,
                         std::int64_t width = 5) {
  return {{"x", torch::randn({clips, tokens, channels})},
          {"weight", torch::randn({channels, width})},
          {"bias", torch::randn({channels})}};
}

template <typename F>
Operator as_operator(F f, const at::Tensor& mask) {
  return [f, mask](const Arguments& a) {
    return f(a[0].value, a[1].value, a[2].value, optional(mask));
  };
}

class CentredConv1dTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
};

TEST_P(CentredConv1dTest, MatchesReference) {
  for (const std::int64_t tokens : {1, 2, 3, 8, 31, 32, 33, 64, 70, 129, 151, 1000}) {
    for (const std::int64_t channels : {19, 128}) {
      for (const std::int64_t width : {3, 5, 7}) {  // 7 has no kernels
        SCOPED_TRACE(::testing::Message() << "L " << tokens << " C " << channels << " W " << width);
        const at::Tensor mask =
            channels == 19 ? testing::random_mask(2, tokens, device()) : at::Tensor();
        expect_matches(as_operator(centred_conv1d, mask),
                       as_operator(reference::centred_conv1d, mask),
                       make_arguments(2, tokens, channels, width), single(), 1e-6, 1e-5);
      }
    }
  }
}

TEST_P(CentredConv1dTest, MatchesReferenceInHalfPrecision) {
  for (const std::int64_t tokens : {1, 33, 70, 4096}) {
    SCOPED_TRACE(::testing::Message() << "L " << tokens);
    const at::Tensor mask = testing::random_mask(2, tokens, device());
    expect_matches(as_operator(centred_conv1d, mask), as_operator(reference::centred_conv1d, mask),
                   make_arguments(2, tokens, 12), device(),
                   {{at::kBFloat16, 1e-2, 2e-2}, {at::kHalf, 1e-2, 2e-2}});
  }
}

TEST_P(CentredConv1dTest, WritesEveryOutputAndRepeatsBitForBit) {
  const Operator f = as_operator(centred_conv1d, testing::random_mask(3, 40, device()));
  const Arguments arguments = make_arguments(3, 40, 148);
  const at::Tensor weights = torch::randn({3, 40, 148});
  testing::expect_repeats(f, arguments, single(), weights);
}

TEST_P(CentredConv1dTest, IsExactInFloat64) {
  const at::Tensor mask = testing::random_mask(2, 33, device());
  expect_matches(as_operator(centred_conv1d, mask), as_operator(reference::centred_conv1d, mask),
                 make_arguments(2, 33, 19), single().dtype(at::kDouble), 1e-13, 1e-12);
}

TEST_P(CentredConv1dTest, TakesColumnsOfAWiderTensor) {
  const Arguments arguments = testing::leaves(make_arguments(2, 33, 12), single());
  Arguments strided = testing::leaves(arguments, single());
  strided[0].value = torch::cat({torch::randn({2, 33, 4}, single()), arguments[0].value}, -1)
                         .narrow(-1, 4, 12)
                         .detach()
                         .requires_grad_();
  const at::Tensor weights = torch::randn({2, 33, 12});
  const Operator f = as_operator(centred_conv1d, {});
  const auto expected = testing::run_with_gradients(f, arguments, weights);
  const auto actual = testing::run_with_gradients(f, strided, weights);
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_LE(testing::relative_error(actual[i], expected[i]), 1e-6) << i;
}

TEST_P(CentredConv1dTest, SaysWhatIsWrongWithItsArguments) {
  const Arguments good = testing::leaves(make_arguments(2, 5, 3), single());
  const auto error_with = [&](int index, const at::Tensor& value, const at::Tensor& mask = {}) {
    Arguments bad = good;
    if (index >= 0) bad[index].value = value;
    return error_of([&] { as_operator(centred_conv1d, mask)(bad); });
  };
  EXPECT_EQ(error_with(-1, {}), "");
  EXPECT_THAT(error_with(0, torch::randn({5, 3}, single())), HasSubstr("x has shape [5, 3]"));
  EXPECT_THAT(error_with(1, torch::randn({3, 4}, single())), HasSubstr("an odd number of taps"));
  EXPECT_THAT(error_with(2, torch::randn({2}, single())), HasSubstr("bias has shape [2]"));
  EXPECT_THAT(error_with(-1, {}, torch::ones({2, 5}, single())), HasSubstr("mask has dtype"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(CentredConv1dTest);

}  // namespace
}  // namespace omniq::centred_conv1d_test
