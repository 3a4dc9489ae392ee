#include "kernels/gelu_linear/gelu_linear.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::gelu_linear_test {
namespace {

using kernels::gelu_linear;
using testing::Arguments;
using testing::error_of;
using ::testing::HasSubstr;

// By the formula: y · Φ(y). Arguments are x, the bias and the weight.
at::Tensor reference(const Arguments& in, const at::Tensor& keep) {
  const at::Tensor y = in[0].value + in[1].value;
  const at::Tensor active = y * 0.5 * (1 + torch::erf(y / std::sqrt(2.0)));
  return torch::matmul(active * keep.view({-1, 1, 1}), in[2].value.t());
}

class GeluLinearTest : public testing::DeviceTest {
 protected:
  static void expect(std::int64_t frames, std::int64_t tokens, std::int64_t hidden,
                     std::int64_t out, bool drops) {
    // Far into both tails too.
    const Arguments arguments = {{"x", 3 * torch::randn({frames, tokens, hidden})},
                                 {"bias", torch::randn(hidden)},
                                 {"weight", torch::randn({out, hidden}) / std::sqrt(hidden)}};
    const at::Tensor keep = drops ? torch::rand(frames).lt(0.7) / 0.7 : torch::ones(frames);
    for (const auto& [type, limit] : {std::pair{at::kDouble, 1e-12},
                                      {at::kFloat, 1e-5},
                                      {at::kBFloat16, 1e-2},
                                      {at::kHalf, 2e-3}}) {
      SCOPED_TRACE(::testing::Message()
                   << type << " " << frames << " × " << tokens << " × " << hidden << " → " << out);
      testing::expect_matches(
          [&](const Arguments& in) {
            return gelu_linear(in[0].value, in[1].value, in[2].value,
                               drops ? keep.to(device()) : at::Tensor());
          },
          [&](const Arguments& in) { return reference(in, keep.to(at::kDouble)); }, arguments,
          at::TensorOptions(type).device(device()), limit, limit);
    }
  }
};

TEST_P(GeluLinearTest, MatchesItsFormula) {
  testing::poison_memory(device());
  expect(3, 49, 384, 96, false);
  expect(3, 49, 384, 96, true);
  expect(5, 7, 128, 32, true);
  expect(2, 3, 8, 16, true);
  expect(2, 3, 13, 5, true);  // no kernel
  expect(1, 1, 1032, 8, false);
}

TEST_P(GeluLinearTest, TakesManyTokens) {
  testing::poison_memory(device());
  expect(device().is_cuda() ? 37 : 3, 3136, 128, 32, true);
}

TEST_P(GeluLinearTest, RepeatsItself) {
  const auto half = at::TensorOptions(at::kBFloat16).device(device());
  const Arguments arguments = {{"x", torch::randn({9, 61, 96})},
                               {"bias", torch::randn(96)},
                               {"weight", torch::randn({32, 96})}};
  const auto run = [&] {
    return testing::run_with_gradients(
        [](const Arguments& in) { return gelu_linear(in[0].value, in[1].value, in[2].value, {}); },
        testing::leaves(arguments, half), torch::ones({9, 61, 32}).cumsum(-1));
  };
  const auto first = run(), second = run();
  for (std::size_t i = 0; i < first.size(); ++i) EXPECT_TRUE(torch::equal(first[i], second[i]));
}

TEST_P(GeluLinearTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor x = torch::zeros({2, 3, 8}, device()), bias = torch::zeros(8, device());
  const at::Tensor weight = torch::zeros({4, 8}, device());
  EXPECT_EQ(error_of([&] { gelu_linear(x, bias, weight, {}); }), "");
  EXPECT_THAT(error_of([&] { gelu_linear(bias, bias, weight, {}); }),
              HasSubstr("[n, ..., hidden]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, x, weight, {}); }), HasSubstr("bias must have"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight.t(), {}); }), HasSubstr("[out, 8]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight.to(at::kHalf), {}); }),
              HasSubstr("weight must be Float"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight, bias); }), HasSubstr("keep must have"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(GeluLinearTest);

}  // namespace
}  // namespace omniq::gelu_linear_test
