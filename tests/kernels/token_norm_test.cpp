#include "kernels/token_norm/token_norm.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::token_norm_test {
namespace {

using kernels::TokenNorm;
using testing::error_of;
using ::testing::HasSubstr;
using testing::relative_error;

const std::pair<at::ScalarType, double> kTypes[] = {
    {at::kDouble, 1e-13}, {at::kFloat, 1e-5}, {at::kBFloat16, 4e-3}, {at::kHalf, 5e-4}};

class TokenNormTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }

  // Far from zero: a variance from the mean of squares would be lost.
  static at::Tensor tokens(at::IntArrayRef shape, at::ScalarType type) {
    return (5 + torch::randn(shape, single())).to(type);
  }
  static TokenNorm parameters(std::int64_t channels, std::int64_t merged, bool offset) {
    return {torch::randn({merged * channels}, single()),
            torch::randn({merged * channels}, single()),
            offset ? torch::randn({channels}, single()) : at::Tensor()};
  }
};

at::Tensor exact(const at::Tensor& x) { return x.to(at::kCPU, at::kDouble); }

at::Tensor with_offset(const at::Tensor& x, const TokenNorm& p) {
  return p.offset.defined() ? exact(x) + exact(p.offset) : exact(x);
}

// The formula, in float64.
at::Tensor formula(const at::Tensor& x, const TokenNorm& p) {
  const at::Tensor centred = x - x.mean(-1, true);
  return centred / torch::sqrt(centred.square().mean(-1, true) + 1e-5) * exact(p.weight) +
         exact(p.bias);
}

TEST_P(TokenNormTest, MatchesReference) {
  for (const auto& [type, limit] : kTypes) {
    // 19 and 2056 by torch; the others share rows among lanes in every way that there is.
    for (const std::int64_t channels : {8, 19, 32, 40, 96, 128, 200, 768, 1024, 1536, 2048, 2056}) {
      for (const std::int64_t rows : {1, 5, 5000}) {
        for (const bool offset : {false, true}) {
          if (rows == 5000 && channels > 200) continue;
          SCOPED_TRACE(::testing::Message() << type << " " << rows << " × " << channels);
          const at::Tensor x = tokens({rows, channels}, type);
          const TokenNorm p = parameters(channels, 1, offset);
          const at::Tensor out = kernels::token_norm(x, p);
          EXPECT_EQ(out.scalar_type(), type);
          EXPECT_LE(relative_error(out, formula(with_offset(x, p), p)), limit);
        }
      }
    }
  }
}

TEST_P(TokenNormTest, MergesNeighboursAsTorchvisionDoes) {
  for (const auto& [type, limit] : kTypes) {
    for (const std::int64_t channels : {5, 8, 32, 96, 384, 512}) {
      for (const auto& [height, width] : {std::pair{6, 4}, {7, 5}, {1, 1}, {3, 8}}) {
        SCOPED_TRACE(::testing::Message()
                     << type << " " << height << " × " << width << " × " << channels);
        const at::Tensor x = tokens({3, height, width, channels}, type);
        const TokenNorm p = parameters(channels, 4, true);
        const at::Tensor padded =
            at::constant_pad_nd(with_offset(x, p), {0, 0, 0, width % 2, 0, height % 2});
        const auto part = [&](std::int64_t down, std::int64_t right) {
          return padded.slice(1, down, {}, 2).slice(2, right, {}, 2);
        };
        const at::Tensor merged = torch::cat({part(0, 0), part(1, 0), part(0, 1), part(1, 1)}, -1);
        const at::Tensor out = kernels::merged_token_norm(x, p);
        EXPECT_EQ(out.scalar_type(), type);
        EXPECT_LE(relative_error(out, formula(merged, p)), limit);
      }
    }
  }
}

TEST_P(TokenNormTest, MeanIsOverTokens) {
  for (const auto& [type, limit] : kTypes) {
    for (const std::int64_t channels : {5, 8, 64, 200, 768, 1024, 1032}) {
      for (const std::int64_t count : {1, 49, 64}) {
        SCOPED_TRACE(::testing::Message() << type << " " << count << " × " << channels);
        const at::Tensor x = tokens({3, count, channels}, type);
        const TokenNorm p = parameters(channels, 1, true);
        const at::Tensor out = kernels::mean_token_norm(x, p);
        EXPECT_EQ(out.scalar_type(), type == at::kDouble ? at::kDouble : at::kFloat);
        EXPECT_LE(relative_error(out, formula(with_offset(x, p), p).mean(1)),
                  type == at::kDouble ? limit : 1e-5);
      }
    }
  }
}

TEST_P(TokenNormTest, TakesStridedInputAndNone) {
  const TokenNorm p = parameters(16, 1, false);
  const at::Tensor x = tokens({6, 16, 4}, at::kBFloat16).transpose(1, 2);
  EXPECT_TRUE(torch::equal(kernels::token_norm(x, p), kernels::token_norm(x.contiguous(), p)));
  EXPECT_TRUE(
      torch::equal(kernels::mean_token_norm(x, p), kernels::mean_token_norm(x.contiguous(), p)));
  EXPECT_EQ(kernels::token_norm(x.slice(0, 0, 0), p).numel(), 0);
}

TEST_P(TokenNormTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor x = tokens({2, 4, 4, 8}, at::kFloat);
  const TokenNorm p = parameters(8, 1, false);
  EXPECT_THAT(error_of([&] { kernels::merged_token_norm(x, p); }), HasSubstr("shape [32]"));
  EXPECT_THAT(error_of([&] { kernels::mean_token_norm(x, p); }), HasSubstr("number of axes"));
  EXPECT_THAT(error_of([&] {
                kernels::token_norm(x, {p.weight, p.bias.to(at::kHalf), {}});
              }),
              HasSubstr("bias must be float32"));
  EXPECT_THAT(error_of([&] { kernels::token_norm(x.clone().requires_grad_(), p); }),
              HasSubstr("no gradients"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(TokenNormTest);

}  // namespace
}  // namespace omniq::token_norm_test
