#include "kernels/token_mlp/token_mlp.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/kernels/token_testing.h"

namespace omniq::token_mlp_test {
namespace {

using kernels::make_token_mlp;
using kernels::token_mlp_;
using testing::error_of;
using testing::exact;
using ::testing::HasSubstr;
using testing::relative_error;

struct Parameters {
  kernels::TokenNorm norm;
  at::Tensor expand, bias, shrink;
};

class TokenMlpTest : public testing::TokenTest {
 protected:
  static Parameters parameters(std::int64_t channels, std::int64_t hidden, bool offset) {
    return {random_norm(channels, offset),
            random({hidden, channels}, 1 / std::sqrt(static_cast<double>(channels))),
            random({hidden}, 0.5),
            random({channels, hidden}, 1 / std::sqrt(static_cast<double>(hidden)))};
  }
};

// The formula with the exact GELU, in float64: what is added to x.
at::Tensor added(const at::Tensor& raw, const Parameters& p) {
  const at::Tensor normed = testing::normed_exactly(raw, p.norm);
  const at::Tensor hidden = normed.matmul(exact(p.expand).t()) + exact(p.bias);
  return (0.5 * hidden * (1 + torch::erf(hidden / std::sqrt(2.0)))).matmul(exact(p.shrink).t());
}

TEST_P(TokenMlpTest, AddsWhatTheFormulaSays) {
  for (const auto& [type, limit] : {std::pair{at::kDouble, 1e-6},
                                    {at::kFloat, 1e-5},
                                    {at::kBFloat16, 1e-2},
                                    {at::kHalf, 2e-3}}) {
    // The last three have no kernel.
    for (const auto& [channels, hidden] :
         {std::pair{32, 128}, {64, 256}, {96, 384}, {128, 512}, {96, 192}, {20, 80}}) {
      for (const std::int64_t tokens : {std::int64_t{33}, many()}) {
        for (const bool offset : {false, true}) {
          SCOPED_TRACE(::testing::Message() << type << " " << tokens << " × " << channels);
          const Parameters p = parameters(channels, hidden, offset);
          const auto mlp = make_token_mlp(p.norm, p.expand, p.bias, p.shrink, type);
          const at::Tensor before = torch::randn({tokens, channels}, single()).to(type);
          const at::Tensor x = before.clone();
          token_mlp_(x, mlp);
          const at::Tensor some = some_of(tokens);
          const at::Tensor was = before.index_select(0, some);
          EXPECT_LE(relative_error(x.index_select(0, some),
                                   was.to(at::kCPU, at::kDouble) + added(was, p)),
                    limit);
        }
      }
    }
  }
}

TEST_P(TokenMlpTest, LeavesOtherMemoryAlone) {
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Parameters p = parameters(96, 384, true);
    const auto mlp = make_token_mlp(p.norm, p.expand, p.bias, p.shrink, type);
    const at::Tensor all = torch::zeros({many() + 50, 96}, single().dtype(type));
    token_mlp_(all.slice(0, 10, 10 + many()), mlp);
    const at::Tensor sizes = all.to(at::kFloat).abs().amax(1);
    EXPECT_EQ(sizes.slice(0, 0, 10).max().item<float>(), 0);
    EXPECT_EQ(sizes.slice(0, 10 + many()).max().item<float>(), 0);
    EXPECT_GT(sizes.slice(0, 10, 10 + many()).min().item<float>(), 0);
  }
}

// GELU itself, of biases that come through weights which only pass it on.
TEST_P(TokenMlpTest, GeluIsExactFarFromZeroToo) {
  const at::Tensor values = torch::linspace(-12, 12, 384, single());
  Parameters p = parameters(96, 384, false);
  p.expand.zero_();
  p.bias.copy_(values);
  p.shrink.zero_();
  for (const std::int64_t part : {0, 1, 2, 3}) {
    p.shrink.zero_();
    for (std::int64_t c = 0; c < 96; ++c) p.shrink[c][part * 96 + c] = 1;
    const auto mlp = make_token_mlp(p.norm, p.expand, p.bias, p.shrink, at::kHalf);
    const at::Tensor x = torch::zeros({many(), 96}, single().dtype(at::kHalf));
    token_mlp_(x, mlp);
    const at::Tensor u = values.slice(0, part * 96, part * 96 + 96).to(at::kCPU, at::kDouble);
    const at::Tensor expected = 0.5 * u * (1 + torch::erf(u / std::sqrt(2.0)));
    const at::Tensor error = (x[1].to(at::kCPU, at::kDouble) - expected).abs();
    EXPECT_LE((error - 1e-3 * expected.abs()).max().item<double>(), 6e-4) << part;
  }
}

TEST_P(TokenMlpTest, SaysWhatIsWrongWithItsArguments) {
  const Parameters p = parameters(32, 128, false);
  const auto mlp = make_token_mlp(p.norm, p.expand, p.bias, p.shrink, at::kFloat);
  expect_checked_tokens([&](const at::Tensor& x) { token_mlp_(x, mlp); });
  EXPECT_THAT(error_of([&] { make_token_mlp(p.norm, p.expand, p.bias, p.expand, at::kFloat); }),
              HasSubstr("expected [hidden, channels]"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(TokenMlpTest);

}  // namespace
}  // namespace omniq::token_mlp_test
