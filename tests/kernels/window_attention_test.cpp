#include "kernels/window_attention/window_attention.h"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/kernels/operator_testing.h"

namespace omniq::window_attention_test {
namespace {

using kernels::make_window_bias;
using kernels::window_attention;
using testing::Arguments;
using testing::error_of;
using ::testing::HasSubstr;
using testing::relative_error;

struct Case {
  std::int64_t frames, height, width, heads, head_width, window, shift;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.frames << " × " << c.height << " × " << c.width << ", " << c.heads << " heads of "
             << c.head_width << ", window " << c.window << ", shift " << c.shift;
}

struct Inputs {
  at::Tensor qkv, table, padding;
};

Inputs make_inputs(const Case& c, at::ScalarType type, at::Device device) {
  const auto options = at::TensorOptions(at::kFloat).device(device);
  const std::int64_t width = 3 * c.heads * c.head_width, side = 2 * c.window - 1;
  return {(1.5 * torch::randn({c.frames, c.height, c.width, width}, options)).to(type),
          2 * torch::randn({side * side, c.heads}, options),
          torch::randn({width}, options).to(type)};
}

// Attention of every token of the padded map to every other, in float64: those outside of its
// window have no weight, those that only the wrapping brought into it −100.
at::Tensor reference(const Inputs& in, const Case& c, const at::Tensor& keep = {}) {
  const auto exact = [](const at::Tensor& x) { return x.to(at::kCPU, at::kDouble); };
  const auto round_up = [&](std::int64_t x) { return (x + c.window - 1) / c.window * c.window; };
  const std::int64_t rows = round_up(c.height), columns = round_up(c.width);
  const std::int64_t down = rows > c.window ? c.shift : 0;
  const std::int64_t right = columns > c.window ? c.shift : 0;
  at::Tensor map = exact(in.padding).expand({c.frames, rows, columns, -1}).clone();
  map.slice(1, 0, c.height).slice(2, 0, c.width).copy_(exact(in.qkv));
  const auto parts = map.view({c.frames, rows * columns, 3, c.heads, c.head_width})
                         .permute({2, 0, 3, 1, 4})
                         .unbind(0);  // [n, heads, tokens, d]

  const at::Tensor y = torch::arange(rows).repeat_interleave(columns);
  const at::Tensor x = torch::arange(columns).repeat({rows});
  const at::Tensor in_y = (y - down).remainder(rows), in_x = (x - right).remainder(columns);
  const auto pairs = [](const at::Tensor& t) { return t.unsqueeze(1) - t.unsqueeze(0); };
  const auto differ = [](const at::Tensor& t) { return t.unsqueeze(1).ne(t.unsqueeze(0)); };
  const auto window_of = [&](const at::Tensor& t) { return t.div(c.window, "floor"); };
  const at::Tensor outside = differ(window_of(in_y)) | differ(window_of(in_x));
  const at::Tensor apart = differ(y < down) | differ(x < right);
  const at::Tensor index = (pairs(in_y.remainder(c.window)) + c.window - 1) * (2 * c.window - 1) +
                           pairs(in_x.remainder(c.window)) + c.window - 1;
  const at::Tensor bias = exact(in.table)
                              .index_select(0, index.flatten())
                              .view({rows * columns, rows * columns, c.heads})
                              .permute({2, 0, 1});
  const at::Tensor scores =
      (parts[0].matmul(parts[1].transpose(-2, -1)) / std::sqrt(static_cast<double>(c.head_width)) +
       bias - 100 * apart.to(at::kDouble))
          .masked_fill(outside, -std::numeric_limits<double>::infinity());
  return (keep.defined() ? exact(keep) : torch::ones(c.frames)).view({-1, 1, 1, 1}) *
         scores.softmax(-1)
             .matmul(parts[2])
             .transpose(1, 2)
             .reshape({c.frames, rows, columns, c.heads * c.head_width})
             .slice(1, 0, c.height)
             .slice(2, 0, c.width);
}

class WindowAttentionTest : public testing::DeviceTest {};

// Maps of one window, divided ones, padded ones, narrow ones; few items, which warps share on a
// GPU, and many; the last three have no kernel.
const Case kCases[] = {{3, 14, 14, 3, 32, 7, 3}, {3, 14, 14, 3, 32, 7, 0}, {1, 7, 7, 4, 32, 7, 3},
                       {2, 16, 9, 2, 32, 7, 3},  {2, 16, 9, 2, 32, 7, 0},  {1, 5, 20, 3, 32, 7, 3},
                       {90, 8, 14, 3, 32, 7, 3}, {2, 8, 8, 2, 16, 4, 2},   {3, 9, 7, 4, 16, 4, 2},
                       {1, 1, 1, 2, 16, 4, 2},   {2, 9, 8, 2, 5, 3, 1},    {1, 14, 14, 2, 16, 7, 3},
                       {1, 8, 12, 1, 32, 8, 2}};

TEST_P(WindowAttentionTest, MatchesReference) {
  testing::poison_memory(device());
  for (const Case& c : kCases) {
    Inputs in = make_inputs(c, at::kHalf, device());
    in.qkv = in.qkv.to(at::kBFloat16);  // what both hold, the others hold too
    in.padding = in.padding.to(at::kBFloat16);
    const at::Tensor expected = reference(in, c);
    const auto bias = make_window_bias(in.table, c.window, c.head_width);
    for (const auto& [type, limit] : {std::pair{at::kDouble, 1e-6},
                                      {at::kFloat, 1e-5},
                                      {at::kBFloat16, 1e-2},
                                      {at::kHalf, 2e-3}}) {
      SCOPED_TRACE(::testing::Message() << type << ", " << c);
      in.qkv = in.qkv.to(type);
      in.padding = in.padding.to(type);
      const at::Tensor out = window_attention(in.qkv, bias, in.padding, c.shift);
      EXPECT_EQ(out.scalar_type(), type);
      EXPECT_LE(relative_error(out, expected), limit);
      EXPECT_TRUE(torch::equal(out, window_attention(in.qkv, bias, in.padding, c.shift)));
    }
  }
}

void expect_gradients(at::Device device, const std::vector<testing::Precision>& precisions) {
  testing::poison_memory(device);
  for (const Case& c : kCases) {
    const Inputs in = make_inputs(c, at::kFloat, at::kCPU);
    const at::Tensor keep =
        torch::tensor({1 / 0.85, 0.0, 1.0}).repeat({c.frames}).slice(0, 0, c.frames);
    SCOPED_TRACE(::testing::Message() << c);
    testing::expect_matches(
        [&](const Arguments& a) {
          return window_attention(a[0].value, make_window_bias(a[1].value, c.window, c.head_width),
                                  a[2].value, c.shift, keep.to(device));
        },
        [&](const Arguments& a) {
          return reference({a[0].value, a[1].value, a[2].value}, c, keep);
        },
        {{"qkv", in.qkv}, {"table", in.table}, {"padding", in.padding}}, device, precisions);
  }
}

TEST_P(WindowAttentionTest, GradientsMatchReference) {
  expect_gradients(device(), {{at::kDouble, 1e-6, 1e-6}, {at::kFloat, 1e-5, 1e-5}});
}

// On a GPU by kernels.
TEST_P(WindowAttentionTest, GradientsMatchReferenceInHalfPrecision) {
  expect_gradients(device(), {{at::kBFloat16, 2e-2, 2e-2}, {at::kHalf, 5e-3, 5e-3}});
}

TEST_P(WindowAttentionTest, GradientsRepeatThemselves) {
  const Case c{40, 13, 14, 3, 32, 7, 3};
  const Inputs in = make_inputs(c, at::kFloat, at::kCPU);
  testing::expect_repeats(
      [&](const Arguments& a) {
        return window_attention(a[0].value, make_window_bias(a[1].value, c.window, c.head_width),
                                a[2].value, c.shift);
      },
      {{"qkv", in.qkv}, {"table", in.table}, {"padding", in.padding}},
      at::TensorOptions(at::kBFloat16).device(device()), torch::ones({40, 13, 14, 96}).cumsum(-1));
}

Arguments arguments_of(const Case& c) {
  const Inputs in = make_inputs(c, at::kFloat, at::kCPU);
  return {{"qkv", in.qkv}, {"table", in.table}, {"padding", in.padding}};
}

testing::Operator operator_of(const Case& c, const at::Tensor& keep) {
  return [c, keep](const Arguments& a) {
    return window_attention(a[0].value, make_window_bias(a[1].value, c.window, c.head_width),
                            a[2].value, c.shift, keep.to(a[0].value.device()));
  };
}

// Stochastic depth's factors are no numbers of a half type, and must not be rounded to one: that
// would bias every result in the same direction.
TEST_P(WindowAttentionTest, DoesNotRoundTheFactorsOfFrames) {
  const Case c{3, 14, 14, 3, 32, 7, 3};
  const double factor = 1 / 0.85;
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Inputs in = make_inputs(c, type, device());
    const auto bias = make_window_bias(in.table, c.window, c.head_width);
    const auto run = [&](const at::Tensor& keep) {
      return window_attention(in.qkv, bias, in.padding, c.shift, keep).to(at::kCPU, at::kDouble);
    };
    const at::Tensor plain = run({});
    const at::Tensor scaled = run(torch::full({c.frames}, factor, device()));
    const double slope =
        (plain * scaled).sum().item<double>() / plain.square().sum().item<double>();
    EXPECT_NEAR(slope / factor, 1, 1e-4) << type;
  }
}

TEST_P(WindowAttentionTest, ComputesOnlyTheGradientsThatAreNeeded) {
  for (const Case& c : {Case{3, 13, 14, 3, 32, 7, 3}, {3, 9, 7, 4, 16, 4, 2}}) {
    for (const auto& [type, limit] : {std::pair{at::kFloat, 1e-6}, {at::kBFloat16, 1e-2}}) {
      SCOPED_TRACE(::testing::Message() << type << ", " << c);
      testing::expect_only_needed_gradients(operator_of(c, torch::tensor({1 / 0.85, 0.0, 1.0})),
                                            arguments_of(c),
                                            at::TensorOptions(type).device(device()), limit);
    }
  }
}

TEST_P(WindowAttentionTest, TakesStridedInputsAndGradients) {
  const Case c{3, 13, 14, 3, 32, 7, 3};
  const at::Tensor keep = torch::tensor({1 / 0.85, 0.5, 0.0, 0.5, 1.0, 0.5}).slice(0, 0, 6, 2);
  for (const auto& [type, limit] : {std::pair{at::kFloat, 1e-5}, {at::kBFloat16, 1e-2}}) {
    testing::expect_takes_strided(operator_of(c, keep), arguments_of(c),
                                  at::TensorOptions(type).device(device()), limit);
  }
}

TEST_P(WindowAttentionTest, RefusesSecondDerivatives) {
  const Case c{2, 8, 8, 2, 16, 4, 2};
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    EXPECT_THAT(testing::error_of_second_derivative(operator_of(c, torch::ones(2)), arguments_of(c),
                                                    at::TensorOptions(type).device(device())),
                HasSubstr("second derivatives are not implemented"));
  }
}

TEST_P(WindowAttentionTest, PreparesTheBiasForItsKernelsAlone) {
  for (const auto& [window, head_width] : {std::pair{7, 32}, {4, 16}, {7, 16}, {3, 32}}) {
    const Inputs in = make_inputs({1, 7, 7, 2, head_width, window, 0}, at::kFloat, device());
    EXPECT_EQ(make_window_bias(in.table, window, head_width).lanes.defined(),
              device().is_cuda() && kernels::has_window_attention(window, head_width));
  }
}

TEST_P(WindowAttentionTest, FramesDoNotDependOnEachOther) {
  const Case c{400, 7, 7, 3, 32, 7, 0};
  for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Inputs in = make_inputs(c, type, device());
    const auto bias = make_window_bias(in.table, c.window, c.head_width);
    const at::Tensor all = window_attention(in.qkv, bias, in.padding, c.shift);
    const at::Tensor one = window_attention(in.qkv.slice(0, 399), bias, in.padding, c.shift);
    EXPECT_LE(relative_error(one, all.slice(0, 399)), type == at::kFloat ? 1e-6 : 0) << type;
  }
}

TEST_P(WindowAttentionTest, TakesStridedInputAndNoFrames) {
  const Case c{2, 14, 14, 3, 32, 7, 3};
  const Inputs in = make_inputs(c, at::kBFloat16, device());
  const auto bias = make_window_bias(in.table, c.window, c.head_width);
  const at::Tensor strided = in.qkv.transpose(1, 2).contiguous().transpose(1, 2);
  EXPECT_TRUE(torch::equal(window_attention(strided, bias, in.padding, 3),
                           window_attention(in.qkv, bias, in.padding, 3)));
  EXPECT_EQ(window_attention(in.qkv.slice(0, 0, 0), bias, in.padding, 3).sizes(),
            (std::vector<std::int64_t>{0, 14, 14, 96}));
}

TEST_P(WindowAttentionTest, SaysWhatIsWrongWithItsArguments) {
  const Inputs in = make_inputs({1, 7, 7, 2, 32, 7, 0}, at::kFloat, device());
  const auto bias = make_window_bias(in.table, 7, 32);
  EXPECT_EQ(error_of([&] { window_attention(in.qkv, bias, in.padding, 0); }), "");
  EXPECT_THAT(error_of([&] { make_window_bias(in.table, 8, 32); }),
              HasSubstr("expected [225, heads]"));
  EXPECT_THAT(error_of([&] { window_attention(in.qkv[0], bias, in.padding, 0); }),
              HasSubstr("expected [n, H, W"));
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding.slice(0, 1), 0); }),
              HasSubstr("padding has shape"));
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding.to(at::kHalf), 0); }),
              HasSubstr("padding Half"));
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding, 7); }),
              HasSubstr("expected 0 to 6"));
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding, 0, in.padding); }),
              HasSubstr("keep has shape [192] and dtype Float, expected floating [1]"));
  const at::Tensor keep = torch::ones(1, device());
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding, 0, keep.to(at::kInt)); }),
              HasSubstr("dtype Int, expected floating [1]"));
  EXPECT_THAT(
      error_of([&] { window_attention(in.qkv, bias, in.padding, 0, torch::empty(1, at::kMeta)); }),
      HasSubstr("keep on meta"));
  const at::Tensor needs = keep.clone().requires_grad_();
  EXPECT_THAT(error_of([&] { window_attention(in.qkv, bias, in.padding, 0, needs); }),
              HasSubstr("keep requires a gradient"));
  EXPECT_THAT(
      error_of([&] { window_attention(in.qkv.to(at::kInt), bias, in.padding.to(at::kInt), 0); }),
      HasSubstr("qkv is Int"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(WindowAttentionTest);

}  // namespace
}  // namespace omniq::window_attention_test
