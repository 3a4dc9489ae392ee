#include "kernels/token_linear/token_linear.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/kernels/token_testing.h"

namespace omniq::token_linear_test {
namespace {

using kernels::make_token_linear;
using kernels::token_linear;
using testing::error_of;
using testing::exact;
using ::testing::HasSubstr;
using testing::relative_error;

struct Parameters {
  kernels::TokenNorm norm;
  at::Tensor weight, bias;
};

class TokenLinearTest : public testing::TokenTest {
 protected:
  static Parameters parameters(std::int64_t channels, std::int64_t out, bool offset) {
    return {random_norm(channels, offset),
            random({out, channels}, 1 / std::sqrt(static_cast<double>(channels))),
            random({out}, 0.5)};
  }
};

// The formula, in float64.
at::Tensor formula(const at::Tensor& raw, const Parameters& p) {
  const at::Tensor normed = testing::normed_exactly(raw, p.norm);
  return normed.matmul(exact(p.weight).t()) + exact(p.bias);
}

TEST_P(TokenLinearTest, MatchesReference) {
  for (const auto& [type, limit] : {std::pair{at::kDouble, 1e-12},
                                    {at::kFloat, 1e-5},
                                    {at::kBFloat16, 1e-2},
                                    {at::kHalf, 2e-3}}) {
    // The last three have no kernel.
    for (const auto& [channels, out] :
         {std::pair{32, 96}, {64, 192}, {96, 288}, {96, 32}, {96, 40}, {128, 384}, {20, 32}}) {
      for (const std::int64_t tokens : {std::int64_t{33}, many()}) {
        for (const bool offset : {false, true}) {
          SCOPED_TRACE(::testing::Message()
                       << type << " " << tokens << " × " << channels << " to " << out);
          const Parameters p = parameters(channels, out, offset);
          const auto linear = make_token_linear(p.norm, p.weight, p.bias, type);
          const at::Tensor x = (2 + torch::randn({tokens, channels}, single())).to(type);
          const at::Tensor y = token_linear(x, linear);
          EXPECT_EQ(y.scalar_type(), type);
          const at::Tensor some = some_of(tokens);
          EXPECT_LE(relative_error(y.index_select(0, some), formula(x.index_select(0, some), p)),
                    limit);
        }
      }
    }
  }
}

TEST_P(TokenLinearTest, WritesEveryElement) {
  const Parameters p = parameters(96, 288, true);
  const auto linear = make_token_linear(p.norm, p.weight, p.bias, at::kBFloat16);
  testing::poison_memory(device());
  const at::Tensor y =
      token_linear(torch::zeros({many(), 96}, single().dtype(at::kBFloat16)), linear);
  EXPECT_TRUE(torch::equal(y, y[0].expand_as(y)));
}

TEST_P(TokenLinearTest, SaysWhatIsWrongWithItsArguments) {
  const Parameters p = parameters(32, 64, false);
  const auto linear = make_token_linear(p.norm, p.weight, p.bias, at::kFloat);
  expect_checked_tokens([&](const at::Tensor& x) { token_linear(x, linear); });
  EXPECT_THAT(error_of([&] { make_token_linear(p.norm, p.weight, p.norm.bias, at::kFloat); }),
              HasSubstr("expected [out, channels]"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(TokenLinearTest);

}  // namespace
}  // namespace omniq::token_linear_test
