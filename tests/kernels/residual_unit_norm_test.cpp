#include "kernels/residual_unit_norm/residual_unit_norm.h"

#include <gmock/gmock.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::residual_unit_norm_test {
namespace {

using kernels::Branch;
using kernels::merged_residual_unit_norm;
using kernels::residual_unit_norm;
using testing::Arguments;
using testing::error_of;
using testing::expect_matches;
using ::testing::HasSubstr;

// Relative errors of output and gradients.
struct Limits {
  at::ScalarType type;
  double output, gradient;
};
constexpr Limits kLimits[] = {{at::kDouble, 1e-12, 1e-12},
                              {at::kFloat, 1e-5, 1e-5},
                              {at::kBFloat16, 1e-2, 1e-2},
                              {at::kHalf, 2e-3, 2e-3}};

at::Tensor keep_of(std::int64_t frames) {
  return torch::tensor({1 / 0.85, 0.0, 1.0}).repeat({(frames + 2) / 3}).slice(0, 0, frames);
}

// In what follows the arguments are x, the branch, its bias.
Branch branch_of(const Arguments& in, bool drops) {
  const at::Tensor& x = in[0].value;
  return {in[1].value, in[2].value, drops ? keep_of(x.size(0)).to(x.device()) : at::Tensor()};
}

Arguments make_arguments(at::IntArrayRef shape, bool branch) {
  Arguments arguments = {{"x", torch::randn(shape)}, {"branch", {}}, {"bias", {}}};
  if (branch) {
    arguments[1].value = 0.5 * torch::randn(shape);
    arguments[2].value = torch::randn(shape.back());
  }
  return arguments;
}

// The formulas in float64.
at::Tensor sum_of(const Arguments& in, bool drops) {
  const at::Tensor& x = in[0].value;
  if (!in[1].value.defined()) return x;
  const at::Tensor keep = (drops ? keep_of(x.size(0)) : torch::ones(x.size(0))).to(at::kDouble);
  const at::Tensor bias = keep.unsqueeze(1) * in[2].value;  // [n, C]
  return x + in[1].value + bias.view({x.size(0), 1, 1, x.size(3)});
}
at::Tensor normed(const at::Tensor& x) {
  const at::Tensor centred = x - x.mean(-1, true);
  return centred / torch::sqrt(centred.square().mean(-1, true) + 1e-5);
}
at::Tensor neighbours(const at::Tensor& x) {
  const at::Tensor whole = torch::constant_pad_nd(x, {0, 0, 0, x.size(2) % 2, 0, x.size(1) % 2});
  const auto of = [&](std::int64_t down, std::int64_t right) {
    return whole.slice(1, down, std::nullopt, 2).slice(2, right, std::nullopt, 2);
  };
  return torch::cat({of(0, 0), of(1, 0), of(0, 1), of(1, 1)}, -1);
}

class ResidualUnitNormTest : public testing::DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (!IsSkipped()) testing::poison_memory(device());
  }
  static std::vector<std::int64_t> channels() {
    return device().is_cuda() ? std::vector<std::int64_t>{8, 32, 96, 192, 384, 500, 768, 1024}
                              : std::vector<std::int64_t>{8, 96, 13};
  }
  static void expect(const testing::Operator& f, const testing::Operator& reference,
                     const Arguments& arguments) {
    for (const Limits& limits : kLimits) {
      SCOPED_TRACE(::testing::Message() << limits.type << " " << arguments[0].value.sizes());
      expect_matches(f, reference, arguments, at::TensorOptions(limits.type).device(device()),
                     limits.output, limits.gradient);
    }
  }
};

TEST_P(ResidualUnitNormTest, SumAndNormMatchTheirFormula) {
  for (const std::int64_t c : channels()) {
    for (const bool branch : {true, false}) {
      for (const bool drops : {false, true}) {
        // Both results at once: gradients meet where the sum goes on and is normed.
        expect(
            [&](const Arguments& in) {
              const auto [sum, norm] = residual_unit_norm(in[0].value, branch_of(in, drops));
              return torch::cat({sum, norm}, -1);
            },
            [&](const Arguments& in) {
              const at::Tensor sum = sum_of(in, drops);
              return torch::cat({sum, normed(sum)}, -1);
            },
            make_arguments({5, 3, 7, c}, branch));
      }
    }
  }
}

TEST_P(ResidualUnitNormTest, EitherResultMayBeUnused) {
  const Arguments arguments = make_arguments({3, 4, 5, 96}, true);
  const auto run = [](const Arguments& in) {
    return residual_unit_norm(in[0].value, branch_of(in, true));
  };
  expect([&](const Arguments& in) { return run(in).sum; },
         [](const Arguments& in) { return sum_of(in, true); }, arguments);
  expect([&](const Arguments& in) { return run(in).normed; },
         [](const Arguments& in) { return normed(sum_of(in, true)); }, arguments);
}

TEST_P(ResidualUnitNormTest, MergedNormMatchesItsFormula) {
  for (const std::int64_t c : channels()) {
    if (4 * c > 2048) continue;
    for (const auto& [height, width] : {std::pair{4, 6}, {5, 3}, {1, 2}}) {
      expect(
          [](const Arguments& in) {
            return merged_residual_unit_norm(in[0].value, branch_of(in, true));
          },
          [](const Arguments& in) { return normed(neighbours(sum_of(in, true))); },
          make_arguments({4, height, width, c}, true));
    }
  }
}

// More rows than blocks take at once, and a number that nothing divides.
TEST_P(ResidualUnitNormTest, TakesManyTokens) {
  const std::int64_t frames = device().is_cuda() ? 301 : 3;
  expect(
      [](const Arguments& in) {
        const auto [sum, norm] = residual_unit_norm(in[0].value, branch_of(in, true));
        return torch::cat({sum, norm}, -1);
      },
      [](const Arguments& in) {
        const at::Tensor sum = sum_of(in, true);
        return torch::cat({sum, normed(sum)}, -1);
      },
      make_arguments({frames, 31, 17, 96}, true));
}

TEST_P(ResidualUnitNormTest, RepeatsItself) {
  const Arguments arguments = make_arguments({31, 9, 7, 96}, true);
  const auto half = at::TensorOptions(at::kBFloat16).device(device());
  testing::expect_repeats(
      [](const Arguments& a) { return residual_unit_norm(a[0].value, branch_of(a, true)).normed; },
      arguments, half, torch::ones({31, 9, 7, 96}).cumsum(-1));
}

// Both results of residual_unit_norm() side by side.
at::Tensor sum_and_norm(const Arguments& in) {
  const auto [sum, norm] = residual_unit_norm(in[0].value, branch_of(in, true));
  return torch::cat({sum, norm}, -1);
}
at::Tensor merged_norm(const Arguments& in) {
  return merged_residual_unit_norm(in[0].value, branch_of(in, true));
}

TEST_P(ResidualUnitNormTest, ComputesOnlyTheGradientsThatAreNeeded) {
  const Arguments arguments = make_arguments({3, 5, 7, 96}, true);
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto options = at::TensorOptions(type).device(device());
    testing::expect_only_needed_gradients(sum_and_norm, arguments, options, 1e-6);
    testing::expect_only_needed_gradients(merged_norm, arguments, options, 1e-6);
  }
}

TEST_P(ResidualUnitNormTest, TakesStridedInputs) {
  const Arguments arguments = make_arguments({3, 5, 7, 96}, true);
  for (const auto& [type, limit] : {std::pair{at::kFloat, 1e-5}, {at::kBFloat16, 1e-2}}) {
    const auto options = at::TensorOptions(type).device(device());
    testing::expect_takes_strided(sum_and_norm, arguments, options, limit);
    testing::expect_takes_strided(merged_norm, arguments, options, limit);
  }
}

TEST_P(ResidualUnitNormTest, RefusesSecondDerivativesOfItsKernels) {
  for (const testing::Operator& f : {testing::Operator(sum_and_norm), {merged_norm}}) {
    const std::string error = testing::error_of_second_derivative(
        f, make_arguments({2, 3, 4, 16}, true), at::TensorOptions(at::kBFloat16).device(device()));
    if (device().is_cpu()) {
      EXPECT_EQ(error, "");  // torch operators have them
    } else {
      EXPECT_THAT(error, HasSubstr("residual_unit_norm: second derivatives are not implemented"));
    }
  }
}

TEST_P(ResidualUnitNormTest, SaysWhatIsWrongWithItsArguments) {
  const at::Tensor x = torch::zeros({2, 3, 4, 8}, device()), bias = torch::zeros(8, device());
  EXPECT_EQ(error_of([&] { residual_unit_norm(x, {x, bias, {}}); }), "");
  EXPECT_THAT(error_of([&] {
                residual_unit_norm(x, {x[0], bias, {}});
              }),
              HasSubstr("branch has shape"));
  EXPECT_THAT(error_of([&] {
                residual_unit_norm(x, {x.to(at::kHalf), bias, {}});
              }),
              HasSubstr("branch Half"));
  EXPECT_THAT(error_of([&] { residual_unit_norm(x, {x, x, {}}); }), HasSubstr("bias has shape"));
  EXPECT_THAT(error_of([&] {
                residual_unit_norm(x, {x, bias, bias});
              }),
              HasSubstr("keep has shape"));
  const at::Tensor keep = torch::ones(2, device());
  EXPECT_THAT(error_of([&] {
                residual_unit_norm(x, {x, bias, keep.to(at::kInt)});
              }),
              HasSubstr("dtype Int, expected floating [2]"));
  const at::Tensor needs = keep.clone().requires_grad_();
  EXPECT_THAT(error_of([&] {
                residual_unit_norm(x, {x, bias, needs});
              }),
              HasSubstr("keep requires a gradient"));
  EXPECT_THAT(error_of([&] { residual_unit_norm(x.to(at::kInt), {}); }),
              HasSubstr("x has shape [2, 3, 4, 8] and dtype Int"));
  EXPECT_THAT(error_of([&] { residual_unit_norm(x, {{}, bias, {}}); }), HasSubstr("belongs to"));
  EXPECT_THAT(error_of([&] { merged_residual_unit_norm(x[0], {}); }), HasSubstr("[n, H, W, C]"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(ResidualUnitNormTest);

}  // namespace
}  // namespace omniq::residual_unit_norm_test
