// The scan with linear rates in half precision, which on a GPU runs on tensor cores.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/selective_scan/selective_scan.h"
#include "tests/kernels/selective_scan_testing.h"

namespace omniq::selective_scan_products_test {
namespace {

using testing::Arguments;
using testing::expect_matches;
using testing::LinearCase;
using testing::make_linear_case;
using testing::relative_error;
using Shape = testing::ScanShape;

constexpr double kLimit = 1e-2, kGradientLimit = 2e-2;
constexpr at::ScalarType kHalfTypes[] = {at::kBFloat16, at::kHalf};

// The gradient of a channel's bias is a sum over tokens, which may be next to nothing by chance;
// that of many is not.
constexpr std::int64_t kManyClips = 16;

// The places of arguments in a linear case.
enum { kU, kDelta, kB, kC, kSkip, kBias, kGate };

class SelectiveScanProductsTest : public testing::DeviceTest {
 protected:
  void SetUp() override {
    if (device().is_cpu()) GTEST_SKIP() << "the CPU takes no half types";
    testing::DeviceTest::SetUp();
  }

  static at::TensorOptions options(at::ScalarType type) {
    return at::TensorOptions(type).device(device());
  }
  static at::Tensor mask_for(const Shape& s) {
    return testing::random_mask(s.clips, s.tokens, device());
  }
  // The output in `type`, and in float32 from the same values, without gradients.
  static void expect_float32(const LinearCase& c, at::ScalarType type) {
    const torch::NoGradGuard no_grad;
    Arguments half = c.arguments, single = c.arguments;
    for (std::size_t i = 0; i < half.size(); ++i) {
      if (!half[i].value.defined()) continue;
      half[i].value = half[i].value.to(options(type));
      single[i].value = half[i].value.to(at::kFloat);
    }
    EXPECT_LE(relative_error(c.linear(half), c.linear(single)), kLimit);
  }
};

TEST_P(SelectiveScanProductsTest, MatchesReferenceForAllLengths) {
  int kind = 0;
  for (const std::int64_t tokens : {1, 2, 3, 31, 32, 33, 64, 70, 129, 151, 1000}) {
    for (const auto type : kHalfTypes) {
      SCOPED_TRACE(::testing::Message() << type << " L " << tokens);
      kind = (kind + 1) % 4;
      const std::int64_t clips = tokens < 8 ? kManyClips : 2;
      const Shape shape{2, 1, clips, tokens, 24, kind / 2 == 0 ? 128 : 64, kind % 2 == 0};
      const LinearCase c =
          make_linear_case(shape, kind > 0 ? mask_for(shape) : at::Tensor(), device());
      expect_matches(c.linear, c.reference, c.arguments, options(type), kLimit, kGradientLimit);
    }
  }
}

TEST_P(SelectiveScanProductsTest, MatchesReferenceForAllNumbersOfChannels) {
  for (const std::int64_t channels : {1, 5, 16, 70, 96, 97, 200}) {
    for (const std::int64_t states : {64, 128}) {
      SCOPED_TRACE(::testing::Message() << "E " << channels << " N " << states);
      const Shape shape{2, 2, channels < 8 ? kManyClips : 2, 33, channels, states};
      const LinearCase c = make_linear_case(shape, mask_for(shape), device());
      expect_matches(c.linear, c.reference, c.arguments, options(at::kBFloat16), kLimit,
                     kGradientLimit);
    }
  }
}

TEST_P(SelectiveScanProductsTest, AgreesWithFloat32ForLongSequences) {
  for (const std::int64_t tokens : {1000, 4096, 16384}) {
    for (const auto type : kHalfTypes) {
      SCOPED_TRACE(::testing::Message() << type << " L " << tokens);
      const at::Tensor mask = testing::random_mask(1, tokens, device());
      const LinearCase c = make_linear_case({2, 1, 1, tokens, 40, 128}, mask, device());
      expect_matches(c.linear, testing::in_float32(c.linear, device()), c.arguments, options(type),
                     kLimit, kGradientLimit);
      expect_float32(make_linear_case({2, 1, 1, tokens, 1536, 128}, mask, device()), type);
    }
  }
}

// Values of one sign add up errors of one sign.
TEST_P(SelectiveScanProductsTest, KeepsItsPrecisionWithoutSigns) {
  for (const double bias : {-9.0, -6.0, -3.0, 0.0}) {
    SCOPED_TRACE(bias);
    LinearCase c = make_linear_case({2, 1, 1, 2000, 40, 128}, {}, device());
    for (const int i : {kU, kB, kC}) c.arguments[i].value.abs_();
    c.arguments[kBias].value.fill_(bias);
    expect_float32(c, at::kBFloat16);
  }
}

TEST_P(SelectiveScanProductsTest, TakesExtremeSteps) {
  const at::Tensor values = torch::tensor({-1e30F, -1000.F, -60.F, -17.F, 0.F, 15.F, 95.F, 1e4F});
  for (const auto type : kHalfTypes) {
    LinearCase c = make_linear_case({2, 1, 2, 70, 40, 128}, {}, device());
    at::Tensor& delta = c.arguments[kDelta].value;
    const std::int64_t kinds = type == at::kHalf ? values.size(0) - 1 : values.size(0);
    delta =
        values.index({torch::randint(type == at::kHalf ? 1 : 0, kinds, delta.sizes(), at::kLong)});
    c.arguments[kBias].value.zero_();
    expect_matches(c.linear, c.reference, c.arguments, options(type), kLimit, kGradientLimit);
    // Single large steps among small ones: decays that do not split next to such that do.
    delta = torch::where(torch::rand(delta.sizes()) < 0.1, torch::tensor(3.F), torch::tensor(-5.F));
    expect_matches(c.linear, c.reference, c.arguments, options(type), kLimit, kGradientLimit);
  }
  // Tiny ones; in bfloat16, because their values are none in float16.
  LinearCase c = make_linear_case({2, 1, 2, 70, 40, 128}, {}, device());
  c.arguments[kDelta].value.fill_(-40);
  c.arguments[kSkip].value.zero_();
  expect_matches(c.linear, c.reference, c.arguments, options(at::kBFloat16), kLimit,
                 kGradientLimit);
}

TEST_P(SelectiveScanProductsTest, StatesMayLeaveTheRangeOfFloat16) {
  LinearCase c = make_linear_case({2, 1, 2, 70, 40, 128}, {}, device());
  c.arguments[kU].value.mul_(100);
  c.arguments[kB].value.mul_(10000);
  c.arguments[kC].value.mul_(1e-4);
  expect_float32(c, at::kHalf);
}

TEST_P(SelectiveScanProductsTest, GradientsOfStatesMayLeaveTheRangeOfFloat16) {
  LinearCase c = make_linear_case({2, 1, 2, 70, 8, 128}, {}, device());
  c.arguments[kU].value.mul_(0.1);
  c.arguments[kB].value.mul_(0.05);
  c.arguments[kC].value.mul_(1e4);
  expect_matches(c.linear, c.reference, c.arguments, options(at::kHalf), kLimit, kGradientLimit);
}

// More than a gigabyte of scratch memory: clips are gone through in parts.
TEST_P(SelectiveScanProductsTest, TakesManyLongClips) {
  const Shape shape{2, 1, 13, 1000, 1536, 128};
  const LinearCase c = make_linear_case(shape, mask_for(shape), device());
  expect_matches(c.linear, testing::in_float32(c.linear, device()), c.arguments,
                 options(at::kBFloat16), kLimit, kGradientLimit);
}

TEST_P(SelectiveScanProductsTest, IsTheRecordedPath) {
  const auto path = [&](std::int64_t states, double factor, at::ScalarType type) {
    at::Tensor A = -torch::arange(1, states + 1).to(at::kFloat).repeat({1, 5, 1});
    A[0][0][1] *= factor;
    A = A.to(device());
    return kernels::scan_path(A, kernels::linear_rates(A), type);
  };
  for (const auto type : kHalfTypes) {
    EXPECT_EQ(path(128, 1, type), "linear rates, tensor cores");
    EXPECT_EQ(path(64, 1, type), "linear rates, tensor cores");
    EXPECT_EQ(path(16, 1, type), "linear rates");
    EXPECT_EQ(path(128, 1.5, type), "general");
  }
  EXPECT_EQ(path(128, 1, at::kFloat), "linear rates");
}

TEST_P(SelectiveScanProductsTest, TakesStridedInputs) {
  for (const std::int64_t E : {96, 97}) {  // the second half of 2 E starts at 16 bytes, or not
    LinearCase c = make_linear_case({2, 1, 2, 33, E, 64}, {}, device());
    c.arguments = testing::leaves(c.arguments, options(at::kBFloat16));
    const at::Tensor weights = torch::randn({2, 2, 33, E}, options(at::kBFloat16));
    const auto expected = testing::run_with_gradients(c.linear, c.arguments, weights);
    Arguments strided = c.arguments;
    for (auto& [name, value] : strided) value = value.detach();
    const at::Tensor pairs = torch::cat({strided[kU].value, strided[kDelta].value}, -1);
    strided[kU].value = pairs.narrow(-1, 0, E);
    strided[kDelta].value = pairs.narrow(-1, E, E);
    const at::Tensor states = torch::cat({strided[kB].value, strided[kC].value}, -1);
    strided[kB].value = states.narrow(-1, 0, 64);
    strided[kC].value = states.narrow(-1, 64, 64);
    for (auto& [name, value] : strided) value.requires_grad_();
    const auto actual = testing::run_with_gradients(c.linear, strided, weights);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_TRUE(torch::equal(actual[i], expected[i])) << "E " << E << ", result " << i;
    }
  }
}

TEST_P(SelectiveScanProductsTest, WritesEveryResultTheSameEachTime) {
  for (const auto& [tokens, channels] : {std::pair{33, 70}, {151, 19}, {1000, 200}}) {
    const Shape shape{2, 1, 2, tokens, channels, 128};
    const LinearCase c = make_linear_case(shape, mask_for(shape), device());
    const at::Tensor weights = torch::randn({2, 2, tokens, channels}, options(at::kBFloat16));
    testing::expect_repeats(c.linear, c.arguments, options(at::kBFloat16), weights);
  }
}

OMNIQ_INSTANTIATE_ON_DEVICES(SelectiveScanProductsTest);

}  // namespace
}  // namespace omniq::selective_scan_products_test
