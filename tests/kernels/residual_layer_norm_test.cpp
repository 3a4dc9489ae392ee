#include "kernels/residual_layer_norm/residual_layer_norm.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::residual_layer_norm_test {
namespace {

using kernels::residual_layer_norm;
using testing::error_of;
using ::testing::HasSubstr;
using testing::relative_error;

class ResidualLayerNormTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
};

// The formula, in float64.
at::Tensor norm_of(const at::Tensor& sum, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor x = sum.to(at::kCPU, at::kDouble);
  const at::Tensor centred = x - x.mean(-1, true);
  return centred / torch::sqrt(centred.square().mean(-1, true) + 1e-5) *
             weight.to(at::kCPU, at::kDouble) +
         bias.to(at::kCPU, at::kDouble);
}

TEST_P(ResidualLayerNormTest, MatchesReference) {
  for (const auto& [type, limit] :
       {std::pair{at::kFloat, 1e-6}, {at::kBFloat16, 4e-3}, {at::kHalf, 5e-4}}) {
    for (const std::int64_t channels : {4, 19, 256, 768, 1024, 1536}) {  // 19 and 1536 by torch
      for (const bool add : {false, true}) {
        SCOPED_TRACE(::testing::Message() << type << " C " << channels << (add ? " sum" : ""));
        // Far from zero: a variance from the mean of squares would be lost.
        const at::Tensor x = (10 + torch::randn({3, 11, channels}, single())).to(type);
        const at::Tensor delta = torch::randn({3, 11, channels}, single()).to(type);
        const at::Tensor weight = torch::randn({channels}, single());
        const at::Tensor bias = torch::randn({channels}, single());
        testing::poison_memory(device());
        const auto [sum, norm] =
            residual_layer_norm(x, add ? std::optional(delta) : std::nullopt, weight, bias);
        EXPECT_TRUE(torch::equal(sum, add ? x + delta : x));
        EXPECT_EQ(norm.scalar_type(), type);
        const bool in_type = type != at::kFloat && (channels % 4 != 0 || channels > 1024);
        const at::Tensor w = in_type ? weight.to(type) : weight, b = in_type ? bias.to(type) : bias;
        EXPECT_LE(relative_error(norm, norm_of(sum, w, b)), limit);
      }
    }
  }
}

TEST_P(ResidualLayerNormTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor x = torch::randn({2, 8}, single()), w = torch::ones({8}, single());
  EXPECT_EQ(error_of([&] { residual_layer_norm(x, {}, w, w); }), "");
  EXPECT_THAT(error_of([&] { residual_layer_norm(x, x[0], w, w); }), HasSubstr("delta another"));
  EXPECT_THAT(error_of([&] { residual_layer_norm(x, {}, w.narrow(0, 0, 4), w); }),
              HasSubstr("must have shape [8]"));
  const at::Tensor needs = x.clone().requires_grad_();
  EXPECT_THAT(error_of([&] { residual_layer_norm(needs, {}, w, w); }), HasSubstr("no gradients"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(ResidualLayerNormTest);

}  // namespace
}  // namespace omniq::residual_layer_norm_test
