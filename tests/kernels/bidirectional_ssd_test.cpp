#include "kernels/bidirectional_ssd/bidirectional_ssd.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"
#include "tests/reference/bidirectional_ssd.h"

namespace omniq::bidirectional_ssd_test {
namespace {

using kernels::bidirectional_ssd;
using testing::Arguments;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;
using testing::Operator;
using testing::optional;
using testing::relative_error;

struct Shape {
  std::int64_t clips, tokens, heads, channels, states;
};

// Heads of 64 channels have CUDA kernels; others are computed by torch operators.
constexpr std::int64_t kChannels[] = {5, 64};

Arguments make_arguments(const Shape& s) {
  return {{"u", torch::randn({s.clips, s.tokens, s.heads, s.channels})},
          {"delta", torch::randn({s.clips, s.tokens, s.heads})},
          {"A", -torch::empty(s.heads).uniform_(1, 16)},
          {"B", torch::randn({s.clips, s.tokens, s.states})},
          {"C", torch::randn({s.clips, s.tokens, s.states})},
          {"D_skip", torch::randn({s.heads})},
          {"delta_bias", torch::empty(s.heads).uniform_(-6, -1)}};
}

template <typename F>
Operator as_operator(F f, const at::Tensor& mask) {
  return [f, mask](const Arguments& a) {
    return f(a[0].value, a[1].value, a[2].value, a[3].value, a[4].value, a[5].value, a[6].value,
             optional(mask));
  };
}

class BidirectionalSsdTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
};

TEST_P(BidirectionalSsdTest, MatchesReferenceForAllShapes) {
  for (const std::int64_t tokens : {1, 2, 33, 129, 151}) {
    for (const std::int64_t states : {7, 16, 128}) {
      for (const bool masked : {false, true}) {
        SCOPED_TRACE(::testing::Message()
                     << "L " << tokens << " N " << states << (masked ? " mask" : ""));
        const at::Tensor mask = masked ? testing::random_mask(2, tokens, device()) : at::Tensor();
        expect_matches(as_operator(bidirectional_ssd, mask),
                       as_operator(reference::bidirectional_ssd, mask),
                       make_arguments({2, tokens, 3, 5, states}), single(), 1e-5, 1e-4);
      }
    }
  }
}

TEST_P(BidirectionalSsdTest, MatchesReferenceForAllNumbersOfStates) {
  if (device().is_cpu()) GTEST_SKIP() << "one implementation for all";
  for (const std::int64_t states : {16, 32, 64, 128, 256}) {
    for (const std::int64_t tokens : {3, 33, 150}) {
      SCOPED_TRACE(::testing::Message() << "N " << states << " L " << tokens);
      const at::Tensor mask = testing::random_mask(2, tokens, device());
      expect_matches(as_operator(bidirectional_ssd, mask),
                     as_operator(reference::bidirectional_ssd, mask),
                     make_arguments({2, tokens, 3, 64, states}), single(), 1e-5, 1e-4);
    }
  }
}

TEST_P(BidirectionalSsdTest, MatchesReferenceForAllLengths) {
  for (const std::int64_t tokens : {1, 2, 3, 31, 32, 33, 64, 70, 129, 151, 1000, 4096, 16384}) {
    if (device().is_cpu() && tokens > 70) continue;  // all pairs of tokens: slow
    SCOPED_TRACE(tokens);
    const at::Tensor mask = testing::random_mask(1, tokens, device());
    std::vector<testing::Precision> precisions{{at::kFloat, 1e-5, 1e-4}};
    if (device().is_cuda()) precisions.push_back({at::kBFloat16, 1e-2, 2e-2});
    expect_matches(as_operator(bidirectional_ssd, mask),
                   as_operator(reference::bidirectional_ssd, mask),
                   make_arguments({1, tokens, 2, 64, 16}), device(), precisions);
  }
}

TEST_P(BidirectionalSsdTest, MatchesReferenceInHalfPrecision) {
  if (device().is_cpu()) GTEST_SKIP() << "torch operators, in float32";
  for (const auto& [tokens, heads, states] : {std::tuple{1, 2, 16},
                                              {33, 3, 128},
                                              {64, 2, 64},
                                              {151, 2, 256},
                                              {1000, 3, 32},
                                              {4096, 2, 128}}) {
    SCOPED_TRACE(::testing::Message() << "L " << tokens << " N " << states);
    const at::Tensor mask = testing::random_mask(2, tokens, device());
    expect_matches(as_operator(bidirectional_ssd, mask),
                   as_operator(reference::bidirectional_ssd, mask),
                   make_arguments({2, tokens, heads, 64, states}), device(),
                   {{at::kBFloat16, 1e-2, 2e-2}, {at::kHalf, 1e-2, 2e-2}});
  }
}

TEST_P(BidirectionalSsdTest, WritesEveryOutputAndRepeatsBitForBit) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    for (const std::int64_t tokens : {33, 151}) {
      SCOPED_TRACE(tokens);
      const at::Tensor mask = testing::random_mask(2, tokens, device());
      const Operator f = as_operator(bidirectional_ssd, mask);
      const Arguments arguments = make_arguments({2, tokens, 3, 64, 128});
      const at::Tensor weights = torch::randn({2, tokens, 3, 64});
      testing::expect_repeats(f, arguments, single().dtype(type), weights);
    }
  }
}

TEST_P(BidirectionalSsdTest, TakesStridedInputs) {
  const std::int64_t tokens = 70, heads = 3, states = 16;
  const Arguments arguments =
      testing::leaves(make_arguments({2, tokens, heads, 64, states}), single());
  const auto value = [&](int i) { return arguments[i].value.detach(); };
  // u, delta, B and C are parts of one projection, which start at no multiple of 16 bytes.
  const at::Tensor all = torch::cat({value(1), value(0).flatten(2), value(3), value(4)}, -1);
  const auto part = [&](std::int64_t first, std::int64_t width) {
    return all.narrow(-1, first, width).detach().requires_grad_();
  };
  Arguments strided = testing::leaves(arguments, single());
  strided[0].value = part(heads, heads * 64).detach().unflatten(-1, {heads, 64}).requires_grad_();
  strided[1].value = part(0, heads);
  strided[3].value = part(heads * 65, states);
  strided[4].value = part(heads * 65 + states, states);
  ASSERT_FALSE(strided[0].value.is_contiguous());
  const at::Tensor weights = torch::randn({2, tokens, heads, 64});
  const Operator f = as_operator(bidirectional_ssd, {});
  const auto expected = testing::run_with_gradients(f, arguments, weights);
  const auto actual = testing::run_with_gradients(f, strided, weights);
  testing::expect_same_bits(actual, expected);
}

TEST_P(BidirectionalSsdTest, IsExactInFloat64) {
  expect_matches(as_operator(bidirectional_ssd, {}), as_operator(reference::bidirectional_ssd, {}),
                 make_arguments({2, 33, 3, 5, 16}), single().dtype(at::kDouble), 1e-13, 1e-12);
}

TEST_P(BidirectionalSsdTest, GradientsMatchFiniteDifferences) {
  testing::expect_gradients_match_differences(
      as_operator(bidirectional_ssd, testing::random_mask(2, 4, device())),
      make_arguments({2, 4, 2, 3, 3}), device());
}

TEST_P(BidirectionalSsdTest, ExtremeStepsStayFiniteAndExact) {
  const std::vector<float> values{-1e30F, -1000.F, -95.F, -17.F, 0.F, 15.F, 95.F, 1e4F};
  for (const std::int64_t channels : kChannels) {
    for (const std::int64_t tokens : {33, 150}) {
      SCOPED_TRACE(::testing::Message() << "P " << channels << " L " << tokens);
      Arguments arguments = make_arguments({2, tokens, 3, channels, 16});
      at::Tensor& delta = arguments[1].value;
      const at::Tensor choice =
          torch::randint(static_cast<std::int64_t>(values.size()), delta.sizes(), at::kLong);
      delta = torch::tensor(values).index({choice});
      arguments[6].value.zero_();
      expect_matches(as_operator(bidirectional_ssd, {}),
                     as_operator(reference::bidirectional_ssd, {}), arguments, single(), 1e-5,
                     1e-4);
    }
  }
}

TEST_P(BidirectionalSsdTest, SmallStepsAfterLargeOnesKeepTheirPrecision) {
  for (const std::int64_t channels : kChannels) {
    for (const std::int64_t tokens : {33, 150}) {
      SCOPED_TRACE(::testing::Message() << "P " << channels << " L " << tokens);
      Arguments arguments = make_arguments({1, tokens, 3, channels, 16});
      arguments[1].value.fill_(-3).narrow(1, 0, 10).fill_(1e4);
      arguments[0].value.narrow(1, 0, 10).zero_();
      expect_matches(as_operator(bidirectional_ssd, {}),
                     as_operator(reference::bidirectional_ssd, {}), arguments, single(), 1e-5,
                     1e-4);
    }
  }
}

TEST_P(BidirectionalSsdTest, TinyStepsKeepTheirPrecision) {
  for (const std::int64_t tokens : {33, 150}) {
    Arguments arguments = make_arguments({2, tokens, 3, 64, 16});
    arguments[1].value.fill_(-40);  // Δ about 1e-18
    arguments[5].value.zero_();     // or D u hides the rest
    expect_matches(as_operator(bidirectional_ssd, {}),
                   as_operator(reference::bidirectional_ssd, {}), arguments, single(), 1e-5, 1e-4);
  }
}

TEST_P(BidirectionalSsdTest, PaddingOnTheRightChangesNothingElse) {
  for (const std::int64_t channels : kChannels) {
    const Arguments padded = testing::leaves(make_arguments({2, 94, 3, channels, 16}), single());
    at::Tensor mask = torch::ones({2, 94}, at::kBool);
    mask.narrow(1, 9, 85).fill_(false);
    Arguments plain = padded;
    for (const int i : {0, 1, 3, 4}) plain[i].value = padded[i].value.narrow(1, 0, 9);
    const at::Tensor with =
        as_operator(bidirectional_ssd, mask.to(device()))(padded).narrow(1, 0, 9);
    EXPECT_LE(relative_error(with, as_operator(bidirectional_ssd, {})(plain)), 1e-6);
  }
}

TEST_P(BidirectionalSsdTest, HalfInputsAreComputedInFloat32) {
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    Arguments arguments = testing::leaves(make_arguments({2, 33, 3, 5, 16}), single());
    for (const int i : {0, 1, 3, 4}) arguments[i].value = arguments[i].value.to(type);
    const torch::NoGradGuard no_grad;
    const at::Tensor y = as_operator(bidirectional_ssd, {})(arguments);
    EXPECT_EQ(y.scalar_type(), type);
    EXPECT_LE(relative_error(y, as_operator(reference::bidirectional_ssd, {})(arguments)),
              type == at::kHalf ? 4e-4 : 3e-3);  // rounding of the output alone
  }
}

TEST_P(BidirectionalSsdTest, SaysWhatIsWrongWithItsArguments) {
  const Arguments good = testing::leaves(make_arguments({2, 5, 3, 4, 6}), single());
  const auto error_with = [&](int index, const at::Tensor& value, const at::Tensor& mask = {}) {
    Arguments bad = good;
    if (index >= 0) bad[index].value = value;
    return error_of([&] { as_operator(bidirectional_ssd, mask)(bad); });
  };
  EXPECT_EQ(error_with(-1, {}), "");
  EXPECT_THAT(error_with(0, torch::randn({5, 3, 4}, single())), HasSubstr("u must have shape"));
  EXPECT_THAT(error_with(1, torch::randn({2, 5, 2}, single())),
              HasSubstr("delta has shape [2, 5, 2], expected [2, 5, 3]"));
  EXPECT_THAT(error_with(4, torch::randn({2, 5, 7}, single())), HasSubstr("C has shape"));
  EXPECT_THAT(error_with(-1, {}, torch::ones({2, 5}, single())), HasSubstr("mask has dtype"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(BidirectionalSsdTest);

}  // namespace
}  // namespace omniq::bidirectional_ssd_test
