#include "kernels/causal_conv1d/causal_conv1d.h"

#include <gmock/gmock.h>

#include "kernels/causal_conv1d/impl.h"
#include "tests/kernels/operator_testing.h"
#include "tests/reference/causal_conv1d.h"

namespace omniq::causal_conv1d_test {
namespace {

using kernels::causal_conv1d;
using testing::Arguments;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;
using testing::Operator;
using testing::optional;
using testing::relative_error;

struct Shape {
  std::int64_t directions, input_sets, sets, clips, tokens, channels, width = 4;
};

Arguments make_arguments(const Shape& s) {
  return {{"x", torch::randn({s.input_sets, s.clips, s.tokens, s.channels})},
          {"weight", torch::randn({s.sets, s.channels, s.width})},
          {"bias", torch::randn({s.sets, s.channels})}};
}

template <typename F>
Operator as_operator(F f, std::int64_t directions, const at::Tensor& mask) {
  return [f, directions, mask](const Arguments& a) {
    return f(a[0].value, a[1].value, a[2].value, directions, optional(mask));
  };
}

Operator composite(std::int64_t directions, const at::Tensor& mask) {
  return [directions, mask](const Arguments& a) {
    return kernels::detail::causal_conv1d_composite(a[0].value, a[1].value, a[2].value, directions,
                                                    mask);
  };
}

class CausalConv1dTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
};

TEST_P(CausalConv1dTest, MatchesReferenceForAllShapes) {
  for (const std::int64_t tokens : {1, 2, 33, 129, 151}) {
    for (const std::int64_t channels : {19, 147, 128}) {
      for (const auto& [directions, input_sets, sets] :
           {std::tuple{1, 1, 1}, {2, 1, 1}, {2, 1, 2}, {2, 2, 1}, {2, 2, 2}}) {
        for (const bool masked : {false, true}) {
          SCOPED_TRACE(::testing::Message()
                       << "R " << directions << " P " << input_sets << sets << " L " << tokens
                       << " E " << channels << (masked ? " mask" : ""));
          const Shape shape{directions, input_sets, sets, 2, tokens, channels};
          const at::Tensor mask = masked ? testing::random_mask(2, tokens, device()) : at::Tensor();
          expect_matches(as_operator(causal_conv1d, directions, mask),
                         as_operator(reference::causal_conv1d, directions, mask),
                         make_arguments(shape), single(), 1e-6, 1e-5);
        }
      }
    }
  }
}

TEST_P(CausalConv1dTest, MatchesReferenceForLongSequences) {
  for (const std::int64_t tokens : {3, 31, 32, 64, 70, 1000, 4096, 16384}) {
    SCOPED_TRACE(tokens);
    const Shape shape{2, 1, 2, 1, tokens, 6};
    const at::Tensor mask = testing::random_mask(1, tokens, device());
    expect_matches(as_operator(causal_conv1d, 2, mask),
                   as_operator(reference::causal_conv1d, 2, mask), make_arguments(shape), single(),
                   1e-6, 1e-4);
  }
}

TEST_P(CausalConv1dTest, MatchesReferenceInHalfPrecision) {
  if (device().is_cpu()) GTEST_SKIP() << "the CPU takes no half types";
  for (const auto& [tokens, channels, width] : {std::tuple{1, 19, 4},
                                                {33, 128, 4},
                                                {70, 12, 3},
                                                {151, 128, 2},
                                                {1000, 5, 4},
                                                {4096, 12, 4}}) {
    SCOPED_TRACE(::testing::Message() << "L " << tokens << " E " << channels);
    const at::Tensor mask = testing::random_mask(2, tokens, device());
    expect_matches(as_operator(causal_conv1d, 2, mask),
                   as_operator(reference::causal_conv1d, 2, mask),
                   make_arguments({2, 1, 2, 2, tokens, channels, width}), device(),
                   {{at::kBFloat16, 1e-2, 2e-2}, {at::kHalf, 1e-2, 2e-2}});
  }
}

TEST_P(CausalConv1dTest, WritesEveryOutput) {
  const Operator f = as_operator(causal_conv1d, 2, testing::random_mask(3, 33, device()));
  const Arguments arguments = make_arguments({2, 1, 2, 3, 33, 148});
  const at::Tensor weights = torch::randn({2, 3, 33, 148});
  testing::expect_repeats(f, arguments, single(), weights);
}

TEST_P(CausalConv1dTest, CompositeMatchesReference) {
  for (const Shape& shape :
       {Shape{1, 1, 1, 2, 33, 19}, Shape{2, 1, 2, 2, 33, 19}, Shape{2, 2, 1, 2, 1, 5}}) {
    const at::Tensor mask = testing::random_mask(shape.clips, shape.tokens, device());
    expect_matches(composite(shape.directions, mask),
                   as_operator(reference::causal_conv1d, shape.directions, mask),
                   make_arguments(shape), single(), 1e-6, 1e-5);
  }
}

TEST_P(CausalConv1dTest, TakesAnyWidth) {
  for (const std::int64_t width : {1, 2, 3, 5, 7}) {
    const Shape shape{2, 1, 2, 2, 5, 9, width};
    expect_matches(as_operator(causal_conv1d, 2, {}), as_operator(reference::causal_conv1d, 2, {}),
                   make_arguments(shape), single(), 1e-6, 1e-5);
    expect_matches(as_operator(causal_conv1d, 2, {}), as_operator(reference::causal_conv1d, 2, {}),
                   make_arguments(shape), single().dtype(at::kDouble), 1e-14, 1e-13);
  }
}

TEST_P(CausalConv1dTest, GradientsMatchFiniteDifferences) {
  for (const Shape& shape :
       {Shape{1, 1, 1, 2, 5, 3}, Shape{2, 1, 1, 2, 5, 3}, Shape{2, 2, 2, 2, 5, 3}}) {
    testing::expect_gradients_match_differences(
        as_operator(causal_conv1d, shape.directions, testing::random_mask(2, 5, device())),
        make_arguments(shape), device());
  }
}

TEST_P(CausalConv1dTest, ComputesOnlyTheGradientsThatAreNeeded) {
  const Shape shape{2, 1, 1, 2, 5, 19};
  const Operator f = as_operator(causal_conv1d, 2, testing::random_mask(2, 5, device()));
  testing::expect_only_needed_gradients(f, make_arguments(shape), single(), 0);
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(f(testing::leaves(make_arguments(shape), single())).requires_grad());
}

TEST_P(CausalConv1dTest, ExtremeInputsStayFiniteAndExact) {
  Arguments arguments = make_arguments({2, 1, 1, 2, 33, 19});
  arguments[0].value *= 100;
  expect_matches(as_operator(causal_conv1d, 2, {}), as_operator(reference::causal_conv1d, 2, {}),
                 arguments, single(), 1e-6, 1e-5);
}

TEST_P(CausalConv1dTest, PaddingOnTheRightChangesNothingElse) {
  const Arguments padded = testing::leaves(make_arguments({2, 1, 2, 2, 14, 19}), single());
  at::Tensor mask = torch::ones({2, 14}, at::kBool);
  mask.narrow(1, 9, 5).fill_(false);
  Arguments plain = padded;
  plain[0].value = padded[0].value.narrow(2, 0, 9);
  const at::Tensor with = as_operator(causal_conv1d, 2, mask.to(device()))(padded).narrow(2, 0, 9);
  const at::Tensor without = as_operator(causal_conv1d, 2, {})(plain);
  EXPECT_LE(relative_error(with, without), 1e-7);
}

TEST_P(CausalConv1dTest, TakesStridedInputs) {
  const Arguments arguments = testing::leaves(make_arguments({2, 1, 2, 2, 9, 19}), single());
  const at::Tensor x = arguments[0].value.detach();
  const at::Tensor projection =
      torch::cat({torch::randn_like(x), x}, -1).transpose(1, 2).contiguous();
  const at::Tensor weights = torch::randn({2, 2, 9, 19});
  const auto expected =
      testing::run_with_gradients(as_operator(causal_conv1d, 2, {}), arguments, weights);
  for (const at::Tensor& strided : {projection.transpose(1, 2).narrow(-1, 19, 19),
                                    x.transpose(2, 3).contiguous().transpose(2, 3)}) {
    ASSERT_FALSE(strided.is_contiguous());
    Arguments same = testing::leaves(arguments, single());
    same[0].value = strided.detach().requires_grad_();
    const auto actual =
        testing::run_with_gradients(as_operator(causal_conv1d, 2, {}), same, weights);
    testing::expect_same_bits(actual, expected);
  }
}

TEST_P(CausalConv1dTest, RepeatsBitForBit) {
  const Arguments arguments = make_arguments({2, 1, 2, 3, 33, 147});
  const Operator f = as_operator(causal_conv1d, 2, testing::random_mask(3, 33, device()));
  const at::Tensor weights = torch::randn({2, 3, 33, 147});
  testing::expect_repeats(f, arguments, single(), weights);
}

TEST_P(CausalConv1dTest, HalfInputsAreComputedInFloat32) {
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    Arguments arguments = testing::leaves(make_arguments({2, 1, 2, 2, 9, 19}), single());
    arguments[0].value = arguments[0].value.to(type);
    const torch::NoGradGuard no_grad;
    const at::Tensor y = device().is_cuda() ? as_operator(causal_conv1d, 2, {})(arguments)
                                            : composite(2, {})(arguments);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_LE(relative_error(y, as_operator(reference::causal_conv1d, 2, {})(arguments)),
              type == at::kHalf ? 4e-4 : 3e-3);  // rounding of the output alone
  }
}

TEST_P(CausalConv1dTest, SaysWhatIsWrongWithItsArguments) {
  const Arguments good = testing::leaves(make_arguments({2, 1, 2, 2, 5, 6}), single());
  const auto error_with = [&](int index, const at::Tensor& value, std::int64_t directions = 2,
                              const at::Tensor& mask = {}) {
    Arguments bad = good;
    if (index >= 0) bad[index].value = value;
    return error_of([&] { as_operator(causal_conv1d, directions, mask)(bad); });
  };
  EXPECT_EQ(error_with(-1, {}), "");
  EXPECT_THAT(error_with(-1, {}, 3), HasSubstr("directions is 3, expected 1 or 2"));
  EXPECT_THAT(error_with(-1, {}, 1), HasSubstr("weight has shape [2, 6, 4]"));
  EXPECT_THAT(error_with(0, torch::randn({5, 6}, single())), HasSubstr("x has shape [5, 6]"));
  EXPECT_THAT(error_with(1, torch::randn({2, 5, 4}, single())),
              HasSubstr("weight has shape [2, 5, 4]"));
  EXPECT_THAT(error_with(2, torch::randn({6}, single())), HasSubstr("bias has shape [6]"));
  EXPECT_THAT(error_with(-1, {}, 2, torch::ones({2, 4}, single().dtype(at::kBool))),
              HasSubstr("mask has shape [2, 4], expected [2, 5]"));
  EXPECT_THAT(error_with(-1, {}, 2, torch::ones({2, 5}, single())), HasSubstr("mask has dtype"));
  EXPECT_THAT(error_with(2, torch::zeros({2, 6}, single().dtype(at::kInt))),
              HasSubstr("bias has dtype"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(CausalConv1dTest);

}  // namespace
}  // namespace omniq::causal_conv1d_test
