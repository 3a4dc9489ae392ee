#include "core/model/recomputed.h"
#include "core/model/precision.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <optional>
#include <vector>

#include "core/train/step.h"

namespace omniq::model {
namespace {

using Tensors = std::vector<at::Tensor>;

at::Tensor two_layers(const Tensors& in) {
  return at::linear(at::tanh(at::linear(in[0], in[1])), in[2]);
}

at::Tensor plainly(const TensorFunction& f, const Tensors& inputs) { return f(inputs); }

class RecomputedTest : public ::testing::Test {
 protected:
  void SetUp() override { torch::manual_seed(3); }

  Tensors inputs(const std::vector<bool>& need = {true, true, true}) const {
    Tensors result;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      result.push_back(values_[i].clone().requires_grad_(need[i]));
    }
    return result;
  }

 private:
  Tensors values_ = {torch::randn({5, 8}), torch::randn({16, 8}), torch::randn({4, 16})};
};

// Output and the inputs' gradients, undefined where none is needed.
template <typename Run>
Tensors with_gradients(const Run& run, const Tensors& inputs, bool autocast_forward = false,
                       bool autocast_backward = false) {
  const auto precision = [](bool autocast) {
    return autocast ? model::Precision::bfloat16 : model::Precision::float32;
  };
  at::Tensor y;
  {
    const model::AutocastScope scope(at::kCPU, precision(autocast_forward));
    y = run(two_layers, inputs);
  }
  {
    const model::AutocastScope scope(at::kCPU, precision(autocast_backward));
    y.square().sum().backward();
  }
  Tensors result{y.detach()};
  for (const at::Tensor& input : inputs) result.push_back(input.grad());
  return result;
}

void expect_equal(const Tensors& actual, const Tensors& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_EQ(actual[i].defined(), expected[i].defined()) << i;
    if (!actual[i].defined()) continue;
    EXPECT_EQ(actual[i].scalar_type(), expected[i].scalar_type()) << i;
    EXPECT_TRUE(torch::equal(actual[i], expected[i])) << i;
  }
}

TEST_F(RecomputedTest, HasTheValuesAndGradientsOfItsFunction) {
  expect_equal(with_gradients(recomputed, inputs()), with_gradients(plainly, inputs()));
}

TEST_F(RecomputedTest, ComputesTheFunctionOncePerPass) {
  int runs = 0;
  const at::Tensor y = recomputed(
      [&runs](const Tensors& in) {
        ++runs;
        return two_layers(in);
      },
      inputs());
  EXPECT_EQ(runs, 1);
  y.sum().backward();
  EXPECT_EQ(runs, 2);
}

TEST_F(RecomputedTest, ComputesOnlyTheGradientsThatAreNeeded) {
  for (const std::vector<bool>& need :
       {std::vector{true, false, false}, {false, true, false}, {true, false, true}}) {
    expect_equal(with_gradients(recomputed, inputs(need)), with_gradients(plainly, inputs(need)));
  }
  EXPECT_FALSE(recomputed(two_layers, inputs({false, false, false})).requires_grad());
}

TEST_F(RecomputedTest, ComputesAgainUnderTheAutocastOfTheForwardPass) {
  for (const bool forward : {false, true}) {
    for (const bool backward : {false, true}) {
      SCOPED_TRACE(::testing::Message()
                   << "autocast forward " << forward << " backward " << backward);
      expect_equal(with_gradients(recomputed, inputs(), forward, backward),
                   with_gradients(plainly, inputs(), forward, backward));
    }
  }
}

TEST_F(RecomputedTest, ComputesAgainWithoutTheAutocastThatItWasExcludedFrom) {
  std::vector<at::ScalarType> types;
  const Tensors in = inputs();
  const model::AutocastScope scope(at::kCPU, model::Precision::bfloat16);
  const at::Tensor y = [&] {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
    return recomputed(
        [&types](const Tensors& x) {
          const at::Tensor result = two_layers(x);
          types.push_back(result.scalar_type());
          return result;
        },
        in);
  }();
  y.sum().backward();
  EXPECT_EQ(types, (std::vector{at::kFloat, at::kFloat}));
  EXPECT_TRUE(at::autocast::is_autocast_enabled(at::kCPU));
}

TEST_F(RecomputedTest, RefusesSecondDerivatives) {
  const Tensors in = inputs();
  const at::Tensor y = recomputed(two_layers, in).square().sum();
  try {
    torch::autograd::grad({y}, {in[0]}, /*grad_outputs=*/{}, /*retain_graph=*/std::nullopt,
                          /*create_graph=*/true);
    FAIL() << "a second derivative was not refused";
  } catch (const c10::Error& error) {
    EXPECT_STREQ(error.what_without_backtrace(),
                 "recomputed: second derivatives are not implemented");
  }
}

}  // namespace
}  // namespace omniq::model
