#include "kernels/selective_scan/selective_scan.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <cmath>
#include <tuple>

#include "kernels/selective_scan/impl.h"
#include "tests/kernels/selective_scan_testing.h"
#include "tests/reference/selective_scan.h"

namespace omniq::selective_scan_test {
namespace {

using kernels::linear_rates;
using testing::Arguments;
using testing::as_operator;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;
using testing::LinearCase;
using testing::make_arguments;
using testing::make_linear_case;
using testing::Operator;
using testing::optional;
using testing::relative_error;
using testing::selective_scan;
using Shape = testing::ScanShape;

Operator composite(const at::Tensor& mask) {
  return [mask](const Arguments& a) {
    return kernels::detail::selective_scan_composite({a[0].value, a[1].value, a[2].value,
                                                      a[3].value, a[4].value, a[5].value,
                                                      a[6].value, a[7].value, mask});
  };
}

class SelectiveScanTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }

  static std::vector<testing::Precision> precisions() {
    if (device().is_cpu()) return {{at::kFloat, 1e-5, 1e-4}};  // it takes no half types
    return {{at::kFloat, 1e-5, 1e-4}, {at::kBFloat16, 1e-2, 2e-2}};
  }

  static at::Tensor mask_for(const Shape& s) {
    return testing::random_mask(s.clips, s.tokens, device());
  }
};

TEST_P(SelectiveScanTest, MatchesReferenceForAllShapes) {
  const std::pair<int, int> directions_and_sets[] = {{1, 1}, {2, 1}, {2, 2}};
  int kind = 0;
  for (const std::int64_t tokens : {1, 2, 33, 129, 151}) {
    for (const std::int64_t states : {7, 16, 128}) {
      for (const auto& [directions, sets] : directions_and_sets) {
        // Two of the four kinds each, in turn: with and without gate and mask.
        for (int repeat = 0; repeat < 2; ++repeat, kind = (kind + 1) % 4) {
          const bool gate = kind % 2 == 0;
          const bool masked = kind / 2 == 0;
          const Shape shape{directions, sets, 2, tokens, 19, states, gate};
          SCOPED_TRACE(::testing::Message()
                       << "R " << directions << " P " << sets << " L " << tokens << " N " << states
                       << (gate ? " gate" : "") << (masked ? " mask" : ""));
          const at::Tensor mask = masked ? mask_for(shape) : at::Tensor();
          expect_matches(as_operator(selective_scan, mask),
                         as_operator(reference::selective_scan, mask), make_arguments(shape),
                         single(), 1e-5, 1e-4);
        }
      }
    }
  }
}

TEST_P(SelectiveScanTest, MatchesReferenceForManyChannels) {
  const Shape shape{2, 1, 3, 9, 331, 16};
  const at::Tensor mask = mask_for(shape);
  expect_matches(as_operator(selective_scan, mask), as_operator(reference::selective_scan, mask),
                 make_arguments(shape), single(), 1e-5, 1e-4);
}

TEST_P(SelectiveScanTest, MatchesReferenceForAllNumbersOfStates) {
  for (const std::int64_t states : {16, 32, 64, 128, 256}) {
    for (const std::int64_t tokens : {3, 70}) {
      SCOPED_TRACE(::testing::Message() << "N " << states << " L " << tokens);
      const Shape shape{2, 2, 2, tokens, 70, states};
      const at::Tensor mask = mask_for(shape);
      expect_matches(as_operator(selective_scan, mask),
                     as_operator(reference::selective_scan, mask), make_arguments(shape), single(),
                     1e-5, 1e-4);
    }
  }
}

TEST_P(SelectiveScanTest, MatchesReferenceForAllLengths) {
  for (const std::int64_t tokens : {1, 2, 3, 31, 32, 33, 64, 70, 129, 151, 1000, 4096, 16384}) {
    if (device().is_cpu() && tokens > 1000) continue;  // longer ones are cut in chunks on a GPU
    SCOPED_TRACE(tokens);
    const Shape shape{2, 1, 1, tokens, 5, 16};
    const at::Tensor mask = mask_for(shape);
    expect_matches(as_operator(selective_scan, mask), as_operator(reference::selective_scan, mask),
                   make_arguments(shape), device(), precisions());
  }
}

TEST_P(SelectiveScanTest, MatchesReferenceInHalfPrecision) {
  if (device().is_cpu()) GTEST_SKIP() << "the CPU takes no half types";
  for (const auto& [tokens, channels, states] : {std::tuple{1, 19, 16},
                                                 {33, 70, 128},
                                                 {70, 19, 64},
                                                 {151, 70, 256},
                                                 {1000, 5, 32},
                                                 {4096, 5, 128}}) {
    SCOPED_TRACE(::testing::Message() << "L " << tokens << " N " << states);
    const Shape shape{2, 1, 2, tokens, channels, states};
    const at::Tensor mask = mask_for(shape);
    expect_matches(as_operator(selective_scan, mask), as_operator(reference::selective_scan, mask),
                   make_arguments(shape), device(),
                   {{at::kBFloat16, 1e-2, 2e-2}, {at::kHalf, 1e-2, 2e-2}});
  }
}

TEST_P(SelectiveScanTest, MatchesReferenceWithLinearRates) {
  for (const auto& [tokens, channels, states] : {std::tuple{1, 19, 16},
                                                 {2, 5, 32},
                                                 {33, 70, 128},
                                                 {151, 19, 64},
                                                 {70, 19, 256},
                                                 {1000, 5, 16}}) {
    for (const std::int64_t sets : {1, 2}) {
      SCOPED_TRACE(::testing::Message() << "L " << tokens << " N " << states << " P " << sets);
      const Shape shape{2, sets, 2, tokens, channels, states};
      const LinearCase c = make_linear_case(shape, mask_for(shape), device());
      expect_matches(c.linear, c.reference, c.arguments, device(), precisions());
    }
  }
}

TEST_P(SelectiveScanTest, LinearRatesTakeExtremeSteps) {
  const Shape shape{2, 1, 2, 33, 19, 128};
  LinearCase c = make_linear_case(shape, {}, device());
  const at::Tensor values = torch::tensor({-1e30F, -1000.F, -60.F, -17.F, 0.F, 15.F, 95.F, 1e4F});
  at::Tensor& delta = c.arguments[1].value;
  delta = values.index({torch::randint(values.size(0), delta.sizes(), at::kLong)});
  c.arguments[5].value.zero_();
  expect_matches(c.linear, c.reference, c.arguments, single(), 1e-5, 1e-4);
  delta.fill_(-40);
  c.arguments[4].value.zero_();
  expect_matches(c.linear, c.reference, c.arguments, single(), 1e-5, 1e-4);
}

TEST_P(SelectiveScanTest, LinearRatesAreFoundOnlyWhereTheyHold) {
  const at::Tensor rates = torch::empty({2, 19}).uniform_(0.5, 2);
  const at::Tensor A = (-torch::exp(torch::log(rates.unsqueeze(-1) * torch::arange(1, 129))))
                           .to(device());  // as a model keeps it
  const auto found = linear_rates(A);
  ASSERT_TRUE(found.has_value());
  EXPECT_LE(relative_error(*found, rates), 1e-6);
  for (const double factor : {1 + 1e-5, std::nan("")}) {
    at::Tensor other = A.clone();
    other[1][7][50] *= factor;
    EXPECT_FALSE(linear_rates(other).has_value()) << factor;
  }
  Arguments arguments = testing::leaves(make_arguments({2, 2, 1, 3, 19, 128}), single());
  EXPECT_THAT(error_of([&] {
                selective_scan(arguments[0].value, arguments[1].value, arguments[2].value,
                               arguments[3].value, arguments[4].value, arguments[5].value,
                               arguments[6].value, std::nullopt, std::nullopt, found);
              }),
              HasSubstr("A needs a gradient"));
}

TEST_P(SelectiveScanTest, WritesEveryOutput) {
  for (const auto& [tokens, channels] : {std::pair{33, 70}, {151, 19}}) {
    const Shape shape{2, 1, 2, tokens, channels, 128};
    const at::Tensor mask = mask_for(shape);
    const Operator f = as_operator(selective_scan, mask);
    const Arguments arguments = make_arguments(shape);
    const at::Tensor weights = torch::randn({2, 2, tokens, channels});
    testing::expect_repeats(f, arguments, single(), weights);
  }
}

TEST_P(SelectiveScanTest, IsExactInFloat64) {
  const Shape shape{2, 2, 2, 33, 19, 16};
  const at::Tensor mask = mask_for(shape);
  expect_matches(as_operator(selective_scan, mask), as_operator(reference::selective_scan, mask),
                 make_arguments(shape), single().dtype(at::kDouble), 1e-13, 1e-12);
}

TEST_P(SelectiveScanTest, GradientsMatchFiniteDifferences) {
  for (const Shape& shape :
       {Shape{1, 1, 2, 4, 3, 3}, Shape{2, 1, 2, 4, 3, 3}, Shape{2, 2, 1, 3, 2, 2}}) {
    SCOPED_TRACE(shape.directions * 10 + shape.sets);
    testing::expect_gradients_match_differences(as_operator(selective_scan, mask_for(shape)),
                                                make_arguments(shape), device());
  }
}

TEST_P(SelectiveScanTest, ComputesOnlyTheGradientsThatAreNeeded) {
  const Shape shape{2, 1, 2, 5, 19, 16};
  const at::Tensor mask = mask_for(shape);
  testing::expect_only_needed_gradients(as_operator(selective_scan, mask), make_arguments(shape),
                                        single(), 1e-6);
}

TEST_P(SelectiveScanTest, KeepsNothingWithoutGradients) {
  const Shape shape{1, 1, 1, 3, 4, 4};
  const Arguments arguments = testing::leaves(make_arguments(shape), single());
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(as_operator(selective_scan, {})(arguments).requires_grad());
}

TEST_P(SelectiveScanTest, ExtremeStepsStayFiniteAndExact) {
  const Shape shape{2, 1, 2, 33, 19, 16};
  const std::vector<float> values{-1e30F, -1000.F, -95.F, -60.F, -17.F,
                                  0.F,    15.F,    25.F,  95.F,  1e4F};
  Arguments arguments = make_arguments(shape);
  at::Tensor& delta = arguments[1].value;
  const at::Tensor choice =
      torch::randint(static_cast<std::int64_t>(values.size()), delta.sizes(), at::kLong);
  delta = torch::tensor(values).index({choice});
  arguments[6].value.zero_();
  expect_matches(as_operator(selective_scan, {}), as_operator(reference::selective_scan, {}),
                 arguments, single(), 1e-5, 1e-4);
}

TEST_P(SelectiveScanTest, TinyStepsKeepTheirPrecision) {
  const Shape shape{1, 1, 2, 33, 19, 16};
  Arguments arguments = make_arguments(shape);
  arguments[1].value.fill_(-40);  // Δ about 1e-18
  arguments[5].value.zero_();     // or D u hides the scan
  expect_matches(as_operator(selective_scan, {}), as_operator(reference::selective_scan, {}),
                 arguments, single(), 1e-5, 1e-4);
}

TEST_P(SelectiveScanTest, PaddingOnTheRightChangesNothingElse) {
  const std::int64_t tokens = 9;
  const Shape padded_shape{2, 1, 2, 14, 19, 16};
  const Arguments padded = testing::leaves(make_arguments(padded_shape), single());
  at::Tensor mask = torch::ones({2, 14}, at::kBool);
  mask.narrow(1, tokens, 5).fill_(false);
  Arguments plain = testing::leaves(padded, single());
  for (const int i : {0, 1, 3, 4, 7}) {
    plain[i].value = plain[i].value.detach().narrow(2, 0, tokens).clone().requires_grad_();
  }
  at::Tensor weights = torch::randn({2, 2, 14, 19});
  weights.narrow(2, tokens, 5).zero_();
  const auto with =
      testing::run_with_gradients(as_operator(selective_scan, mask.to(device())), padded, weights);
  const auto without = testing::run_with_gradients(as_operator(selective_scan, {}), plain,
                                                   weights.narrow(2, 0, tokens));
  EXPECT_LE(relative_error(with[0].narrow(2, 0, tokens), without[0]), 1e-7);
  for (std::size_t i = 0; i < padded.size(); ++i) {
    at::Tensor gradient = with[i + 1];
    if (gradient.dim() == 4) gradient = gradient.narrow(2, 0, tokens);
    EXPECT_LE(relative_error(gradient, without[i + 1]), 1e-6) << padded[i].name;
  }
}

TEST_P(SelectiveScanTest, TakesStridedInputs) {
  const std::int64_t E = 19, N = 16;
  const Shape shape{1, 1, 2, 9, E, N};
  const Arguments arguments = testing::leaves(make_arguments(shape), single());
  // u and z are halves of one projection, B and C parts of another with delta; token-major.
  const auto value = [&](int i) { return arguments[i].value.detach(); };
  const at::Tensor uz = torch::cat({value(0), value(7)}, -1);
  const at::Tensor dbc =
      torch::cat({value(1), value(3), value(4)}, -1).transpose(1, 2).contiguous().transpose(1, 2);
  Arguments strided = arguments;
  strided[0].value = uz.narrow(-1, 0, E).requires_grad_();
  strided[7].value = uz.narrow(-1, E, E).requires_grad_();
  strided[1].value = dbc.narrow(-1, 0, E).requires_grad_();
  strided[3].value = dbc.narrow(-1, E, N).requires_grad_();
  strided[4].value = dbc.narrow(-1, E + N, N).requires_grad_();
  ASSERT_FALSE(strided[3].value.is_contiguous());
  const at::Tensor weights = torch::randn({1, 2, 9, E});
  const auto expected =
      testing::run_with_gradients(as_operator(selective_scan, {}), arguments, weights);
  for (std::size_t i = 0; i < strided.size(); ++i) {
    if (strided[i].value.is_same(arguments[i].value))
      strided[i].value = value(i).clone().requires_grad_();
  }
  const auto actual =
      testing::run_with_gradients(as_operator(selective_scan, {}), strided, weights);
  testing::expect_same_bits(actual, expected);

  // A gradient without strides, as sum() sends it, and a last axis that is not contiguous.
  Arguments transposed = testing::leaves(arguments, single());
  transposed[0].value = value(0).transpose(2, 3).contiguous().transpose(2, 3).requires_grad_();
  const at::Tensor y = as_operator(selective_scan, {})(transposed);
  EXPECT_TRUE(torch::equal(y, expected[0]));
  y.sum().backward();
  const auto ones =
      testing::run_with_gradients(as_operator(selective_scan, {}),
                                  testing::leaves(arguments, single()), torch::ones({1, 2, 9, E}));
  EXPECT_TRUE(torch::equal(transposed[0].value.grad(), ones[1]));
}

TEST_P(SelectiveScanTest, RepeatsBitForBit) {
  const Shape shape{2, 1, 3, 33, 83, 128};
  const Operator f = as_operator(selective_scan, mask_for(shape));
  const Arguments arguments = make_arguments(shape);
  const at::Tensor weights = torch::randn({2, 3, 33, 83});
  testing::expect_repeats(f, arguments, single(), weights);
}

TEST_P(SelectiveScanTest, AgreesForAnyNumberOfThreads) {
  const Shape shape{2, 2, 3, 33, 19, 128};  // two channel tiles: more threads divide the clips
  const Operator f = as_operator(selective_scan, {});
  const Arguments arguments = make_arguments(shape);
  const at::Tensor weights = torch::randn({2, 3, 33, 19});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = testing::run_with_gradients(f, testing::leaves(arguments, single()), weights);
  at::set_num_threads(5);
  const auto five = testing::run_with_gradients(f, testing::leaves(arguments, single()), weights);
  at::set_num_threads(threads);
  for (std::size_t i = 0; i < one.size(); ++i)
    EXPECT_LE(relative_error(five[i], one[i]), 1e-6) << i;
}

TEST_P(SelectiveScanTest, CompositeMatchesReference) {
  for (const Shape& shape :
       {Shape{1, 1, 2, 33, 19, 16, false}, Shape{2, 1, 2, 33, 19, 16}, Shape{2, 2, 2, 1, 5, 3}}) {
    const at::Tensor mask = mask_for(shape);
    expect_matches(composite(mask), as_operator(reference::selective_scan, mask),
                   make_arguments(shape), single(), 1e-5, 1e-4);
  }
}

TEST_P(SelectiveScanTest, HalfInputsAreComputedInFloat32) {
  const Shape shape{2, 1, 2, 33, 19, 16};
  const at::Tensor mask = mask_for(shape);
  for (const auto type : {at::kBFloat16, at::kHalf}) {
    Arguments arguments = testing::leaves(make_arguments(shape), single());
    for (const int i : {0, 1, 3, 4, 7}) arguments[i].value = arguments[i].value.to(type);
    const torch::NoGradGuard no_grad;
    const at::Tensor y = device().is_cuda() ? as_operator(selective_scan, mask)(arguments)
                                            : composite(mask)(arguments);
    EXPECT_EQ(y.scalar_type(), type);
    const at::Tensor expected = as_operator(reference::selective_scan, mask)(arguments);
    EXPECT_LE(relative_error(y, expected),
              type == at::kHalf ? 4e-4 : 3e-3);  // rounding of the output alone
  }
}

TEST_P(SelectiveScanTest, SaysWhatIsWrongWithItsArguments) {
  const Shape shape{2, 1, 2, 5, 6, 4};
  const Arguments good = testing::leaves(make_arguments(shape), single());
  const auto error_with = [&](int index, const at::Tensor& value, const at::Tensor& mask = {}) {
    Arguments bad = good;
    if (index >= 0) bad[index].value = value;
    return error_of([&] { as_operator(selective_scan, mask)(bad); });
  };
  EXPECT_EQ(error_with(-1, {}), "");
  EXPECT_THAT(error_with(0, torch::randn({2, 5, 6}, single())), HasSubstr("u has shape [2, 5, 6]"));
  EXPECT_THAT(error_with(1, torch::randn({2, 2, 4, 6}, single())),
              HasSubstr("delta has shape [2, 2, 4, 6], expected [2, 2, 5, 6]"));
  EXPECT_THAT(error_with(2, torch::randn({3, 6, 4}, single())), HasSubstr("A has shape [3, 6, 4]"));
  EXPECT_THAT(error_with(3, torch::randn({2, 2, 5, 5}, single())), HasSubstr("B has shape"));
  EXPECT_THAT(error_with(4, torch::randn({1, 2, 5, 4}, single())), HasSubstr("C has shape"));
  EXPECT_THAT(error_with(5, torch::randn({1, 5}, single())), HasSubstr("D_skip has shape"));
  EXPECT_THAT(error_with(6, at::Tensor()), HasSubstr("delta_bias is undefined"));
  EXPECT_THAT(error_with(7, torch::randn({1, 2, 5, 5}, single())), HasSubstr("z has shape"));
  EXPECT_THAT(error_with(-1, {}, torch::ones({2, 4}, single().dtype(at::kBool))),
              HasSubstr("mask has shape"));
  EXPECT_THAT(error_with(-1, {}, torch::ones({2, 5}, single())), HasSubstr("mask has dtype"));
  EXPECT_THAT(error_with(1, torch::zeros({2, 2, 5, 6}, single().dtype(at::kInt))),
              HasSubstr("delta has dtype"));
  if (device().is_cpu()) {
    EXPECT_THAT(error_with(1, good[1].value.to(at::kDouble)), HasSubstr("delta has dtype"));
  } else {
    EXPECT_THAT(error_with(1, good[1].value.cpu()), HasSubstr("delta on cpu"));
  }
}

OMNIQ_INSTANTIATE_ON_DEVICES(SelectiveScanTest);

}  // namespace
}  // namespace omniq::selective_scan_test
