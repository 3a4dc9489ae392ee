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

Arguments make_arguments(std::int64_t frames, std::int64_t tokens, std::int64_t hidden,
                         std::int64_t out) {
  // Far into both tails too.
  return {{"x", 3 * torch::randn({frames, tokens, hidden})},
          {"bias", torch::randn(hidden)},
          {"weight", torch::randn({out, hidden}) / std::sqrt(hidden)}};
}

class GeluLinearTest : public testing::DeviceTest {
 protected:
  static void expect(std::int64_t frames, std::int64_t tokens, std::int64_t hidden,
                     std::int64_t out, bool drops) {
    const Arguments arguments = make_arguments(frames, tokens, hidden, out);
    const at::Tensor keep = drops ? torch::rand(frames).lt(0.7) / 0.7 : torch::ones(frames);
    SCOPED_TRACE(::testing::Message()
                 << frames << " × " << tokens << " × " << hidden << " → " << out);
    testing::expect_matches(
        [&](const Arguments& in) {
          return gelu_linear(in[0].value, in[1].value, in[2].value,
                             drops ? keep.to(device()) : at::Tensor());
        },
        [&](const Arguments& in) { return reference(in, keep.to(at::kDouble)); }, arguments,
        device(),
        {{at::kDouble, 1e-12, 1e-12},
         {at::kFloat, 1e-5, 1e-5},
         {at::kBFloat16, 1e-2, 1e-2},
         {at::kHalf, 2e-3, 2e-3}});
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
  testing::expect_repeats(
      [](const Arguments& in) { return gelu_linear(in[0].value, in[1].value, in[2].value, {}); },
      arguments, half, torch::ones({9, 61, 32}).cumsum(-1));
}

testing::Operator with_keep(const at::Tensor& keep) {
  return [keep](const Arguments& in) {
    return gelu_linear(in[0].value, in[1].value, in[2].value, keep.to(in[0].value.device()));
  };
}

TEST_P(GeluLinearTest, ComputesOnlyTheGradientsThatAreNeeded) {
  for (const auto& [type, limit] : {std::pair{at::kFloat, 1e-6}, {at::kBFloat16, 1e-2}}) {
    testing::expect_only_needed_gradients(with_keep(torch::tensor({1 / 0.85, 0.0, 1.0})),
                                          make_arguments(3, 7, 96, 32),
                                          at::TensorOptions(type).device(device()), limit);
  }
}

TEST_P(GeluLinearTest, TakesStridedInputs) {
  const at::Tensor keep = torch::tensor({1 / 0.85, 0.5, 0.0, 0.5, 1.0, 0.5}).slice(0, 0, 6, 2);
  for (const auto& [type, limit] : {std::pair{at::kFloat, 1e-5}, {at::kBFloat16, 1e-2}}) {
    testing::expect_takes_strided(with_keep(keep), make_arguments(3, 7, 96, 32),
                                  at::TensorOptions(type).device(device()), limit);
  }
}

TEST_P(GeluLinearTest, RefusesSecondDerivativesOfItsKernel) {
  const std::string error =
      testing::error_of_second_derivative(with_keep(torch::ones(2)), make_arguments(2, 3, 16, 8),
                                          at::TensorOptions(at::kBFloat16).device(device()));
  if (device().is_cpu()) {
    EXPECT_EQ(error, "");  // torch operators have them
  } else {
    EXPECT_THAT(error, HasSubstr("gelu_linear: second derivatives are not implemented"));
  }
}

TEST_P(GeluLinearTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor x = torch::zeros({2, 3, 8}, device()), bias = torch::zeros(8, device());
  const at::Tensor weight = torch::zeros({4, 8}, device());
  EXPECT_EQ(error_of([&] { gelu_linear(x, bias, weight, {}); }), "");
  EXPECT_THAT(error_of([&] { gelu_linear(bias, bias, weight, {}); }),
              HasSubstr("[n, ..., hidden]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, x, weight, {}); }),
              HasSubstr("bias has shape [2, 3, 8]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias.to(at::kInt), weight, {}); }),
              HasSubstr("dtype Int, expected floating [8]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x.to(at::kInt), bias, weight.to(at::kInt), {}); }),
              HasSubstr("x has shape [2, 3, 8] and dtype Int"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight.t(), {}); }),
              HasSubstr("weight has shape [8, 4], expected [out, 8]"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight.to(at::kHalf), {}); }),
              HasSubstr("x is Float and weight Half"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight, bias); }),
              HasSubstr("keep has shape [8]"));
  const at::Tensor keep = torch::ones(2, device());
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight, keep.to(at::kInt)); }),
              HasSubstr("dtype Int, expected floating [2]"));
  const at::Tensor needs = keep.clone().requires_grad_();
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight, needs); }),
              HasSubstr("keep requires a gradient"));
  const at::Tensor elsewhere = torch::empty(8, at::kMeta);
  EXPECT_THAT(error_of([&] { gelu_linear(x, elsewhere, weight, {}); }), HasSubstr("bias on meta"));
  EXPECT_THAT(error_of([&] { gelu_linear(x, bias, weight, elsewhere.slice(0, 0, 2)); }),
              HasSubstr("keep on meta"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(GeluLinearTest);

}  // namespace
}  // namespace omniq::gelu_linear_test
