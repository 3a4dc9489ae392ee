#include "kernels/column_sums/column_sums.h"

#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::column_sums_test {
namespace {

using kernels::column_sums;
using testing::error_of;
using ::testing::HasSubstr;
using testing::relative_error;

class ColumnSumsTest : public testing::DeviceTest {
 protected:
  static at::TensorOptions options() { return at::TensorOptions().device(device()); }
};

// One row and none, columns that vectors divide or not, more of either than a block has, and rows
// that are cut into slices.
TEST_P(ColumnSumsTest, MatchFloat64) {
  testing::poison_memory(device());
  for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const std::int64_t rows : {0, 1, 3, 264, 2048, 2049, 20000}) {
      for (const std::int64_t columns : {1, 4, 7, 96, 768, 2401, 3072}) {
        if (rows * columns > 10'000'000) continue;
        SCOPED_TRACE(::testing::Message() << type << " " << rows << " × " << columns);
        const at::Tensor x = (1 + torch::randn({rows, columns}, options())).to(type);
        const at::Tensor sums = column_sums(x);
        EXPECT_EQ(sums.scalar_type(), type == at::kDouble ? at::kDouble : at::kFloat);
        EXPECT_LE(relative_error(sums, x.to(at::kDouble).sum(0)), 1e-5);
        EXPECT_TRUE(torch::equal(sums, column_sums(x)));
      }
    }
  }
}

TEST_P(ColumnSumsTest, TakeAnyNumberOfAxesAndStrides) {
  const at::Tensor x = torch::randn({5, 6, 7, 8}, options());
  EXPECT_LE(relative_error(column_sums(x), x.sum({0, 1, 2})), 1e-6);
  EXPECT_LE(relative_error(column_sums(x.transpose(0, 3)), x.transpose(0, 3).sum({0, 1, 2})), 1e-6);
  EXPECT_TRUE(torch::equal(column_sums(x[0][0][0]), x[0][0][0]));
  const at::Tensor shifted = torch::randn({101}, options()).slice(0, 1).view({25, 4});
  EXPECT_LE(relative_error(column_sums(shifted), shifted.sum(0)), 1e-6);
  EXPECT_THAT(error_of([&] { column_sums(x.to(at::kInt)); }), HasSubstr("must be floating"));
}

// The same as torch's own in output and gradients, of a graph of gradients too.
TEST_P(ColumnSumsTest, LinearIsTorchs) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto make = [&](at::IntArrayRef shape) {
      return torch::randn(shape, options().dtype(type)).requires_grad_();
    };
    const at::Tensor x = make({3, 50, 24}), weight = make({40, 24}), bias = make({40});
    const auto gradients = [&](const at::Tensor& y) {
      const auto first = torch::autograd::grad({y.tanh().sum()}, {x, weight, bias}, {}, true, true);
      auto all =
          torch::autograd::grad({first[2].square().sum() + first[0].sum()}, {x, weight, bias});
      all.insert(all.end(), first.begin(), first.end());
      return all;
    };
    const at::Tensor y = kernels::linear(x, weight, bias), expected = at::linear(x, weight, bias);
    EXPECT_TRUE(torch::equal(y, expected));
    const auto actual = gradients(y), wanted = gradients(expected);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_LE(relative_error(actual[i], wanted[i]), type == at::kDouble ? 1e-12 : 1e-5) << i;
    }
  }
  // Without a bias, and where nothing but the bias trains.
  const at::Tensor x = torch::randn({9, 4}, options()), weight = torch::randn({5, 4}, options());
  EXPECT_TRUE(torch::equal(kernels::linear(x, weight, {}), at::linear(x, weight)));
  const at::Tensor bias = torch::zeros({5}, options()).requires_grad_();
  kernels::linear(x, weight, bias).sum().backward();
  EXPECT_TRUE(torch::equal(bias.grad(), torch::full({5}, 9.0, options())));
}

OMNIQ_INSTANTIATE_ON_DEVICES(ColumnSumsTest);

}  // namespace
}  // namespace omniq::column_sums_test
