// What the tests of operators on normed tokens share.
#pragma once

#include <gmock/gmock.h>

#include <functional>

#include "kernels/token_norm/token_norm.h"
#include "tests/kernels/operator_testing.h"

namespace omniq::testing {

inline at::Tensor exact(const at::Tensor& t) { return t.to(at::kCPU, at::kDouble); }

/// LayerNorm of tokens and offset by its formula, in float64.
inline at::Tensor normed_exactly(const at::Tensor& raw, const kernels::TokenNorm& norm) {
  at::Tensor x = exact(raw);
  if (norm.offset.defined()) x = x + exact(norm.offset);
  const at::Tensor centred = x - x.mean(-1, true);
  return centred / torch::sqrt(centred.square().mean(-1, true) + 1e-5) * exact(norm.weight) +
         exact(norm.bias);
}

class TokenTest : public DeviceTest {
 protected:
  // For the kernels, which few tokens do not get.
  static std::int64_t many() { return device().is_cuda() ? 80005 : 205; }
  static at::TensorOptions single() { return at::TensorOptions(at::kFloat).device(device()); }
  static at::Tensor random(at::IntArrayRef shape, double scale) {
    return scale * torch::randn(shape, single());
  }
  static kernels::TokenNorm random_norm(std::int64_t channels, bool offset) {
    return {1 + random({channels}, 0.3), random({channels}, 0.3),
            offset ? random({channels}, 1) : at::Tensor()};
  }
  // The first tokens, the last and some between, which are compared where there are many.
  static at::Tensor some_of(std::int64_t tokens) {
    return torch::cat({torch::arange(33), torch::randint(tokens, {100}),
                       torch::arange(tokens - 33, tokens)})
        .to(device());
  }
  // Of an operator on float32 tokens [n, 32].
  static void expect_checked_tokens(const std::function<void(const at::Tensor& x)>& run) {
    using ::testing::HasSubstr;
    const at::Tensor x = torch::randn({4, 32}, single());
    EXPECT_EQ(error_of([&] { run(x); }), "");
    EXPECT_THAT(error_of([&] { run(x[0]); }), HasSubstr("[tokens, 32]"));
    EXPECT_THAT(error_of([&] { run(x.to(at::kHalf)); }), HasSubstr("x is Half"));
    const at::Tensor needs = x.clone().requires_grad_();
    EXPECT_THAT(error_of([&] { run(needs); }), HasSubstr("no gradients"));
  }
};

}  // namespace omniq::testing
