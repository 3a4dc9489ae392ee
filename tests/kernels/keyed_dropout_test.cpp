#include "kernels/keyed_dropout/keyed_dropout.h"

#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/kernels/operator_testing.h"

namespace omniq::keyed_dropout_test {
namespace {

using kernels::keyed_dropout;
using kernels::keyed_uniform;
using testing::error_of;
using ::testing::HasSubstr;

constexpr std::uint64_t kKey = 0xfedcba9876543210ULL;

// SplitMix64 as it is published, one number after the other.
class Stream {
 public:
  Stream(std::uint64_t key, std::int64_t sample) {
    state_ = key;
    state_ = next() ^ static_cast<std::uint64_t>(sample);
    state_ = next();
  }
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

// x [B, …] in float64 on the CPU: element by element.
at::Tensor reference(const at::Tensor& x, const std::vector<std::int64_t>& samples, double rate) {
  at::Tensor y = torch::empty_like(x, at::MemoryFormat::Contiguous);
  for (std::size_t b = 0; b < samples.size(); ++b) {
    Stream stream(kKey, samples[b]);
    const at::Tensor from = x[static_cast<std::int64_t>(b)].flatten();
    at::Tensor to = y[static_cast<std::int64_t>(b)].view(-1);
    for (std::int64_t i = 0; i < from.numel(); ++i) {
      const bool keeps = static_cast<double>(stream.next() >> 32) * 0x1.0p-32 >= rate;
      to[i] = keeps ? from[i].item<double>() / (1 - rate) : 0.0;
    }
  }
  return y;
}

class KeyedDropoutTest : public testing::DeviceTest {
 protected:
  static at::Tensor samples_of(const std::vector<std::int64_t>& samples) {
    return torch::tensor(samples, at::kLong).to(device());
  }
  static at::TensorOptions options() { return at::TensorOptions().device(device()); }
};

// Rows shorter and longer than a block has, samples along either axis, one of them named twice.
TEST_P(KeyedDropoutTest, MatchesItsFormulaInValueAndGradient) {
  testing::poison_memory(device());
  const std::vector<std::int64_t> samples{41, 0, -7, std::int64_t{1} << 40, 41};
  for (const auto type : {at::kDouble, at::kFloat, at::kBFloat16, at::kHalf}) {
    for (const std::int64_t inner : {1, 3, 300, 1100}) {
      for (const double rate : {0.05, 0.7}) {
        SCOPED_TRACE(::testing::Message() << type << " " << inner << " " << rate);
        const at::Tensor exact = (2 + torch::rand({5, 2, inner}, at::kDouble)).to(type);
        const at::Tensor expected = reference(exact.to(at::kDouble), samples, rate);
        const at::Tensor x = exact.to(device()).requires_grad_();
        const at::Tensor y = keyed_dropout(x, samples_of(samples), kKey, rate);
        const double limit = type == at::kDouble ? 1e-15 : type == at::kFloat ? 1e-7 : 4e-3;
        EXPECT_EQ(y.scalar_type(), type);
        EXPECT_LE(testing::relative_error(y, expected), limit);
        EXPECT_TRUE(torch::equal(y.detach().eq(0).cpu(), expected.eq(0)));
        const at::Tensor weights = torch::rand_like(x) + 1;
        const auto gradient = torch::autograd::grad({(y * weights).sum()}, {x})[0];
        EXPECT_TRUE(torch::equal(gradient.eq(0).cpu(), expected.eq(0)));
        EXPECT_TRUE(torch::equal(gradient,
                                 keyed_dropout(weights, samples_of(samples), kKey, rate).detach()));
        // The elements of a sample keep their numbers when an axis is before it.
        const at::Tensor second =
            keyed_dropout(x.transpose(0, 1), samples_of(samples), kKey, rate, 1);
        EXPECT_TRUE(torch::equal(second.transpose(0, 1), y));
      }
    }
  }
}

TEST_P(KeyedDropoutTest, WhatASampleDrawsDoesNotDependOnItsBatch) {
  const at::Tensor samples = torch::arange(100, 112, options().dtype(at::kLong));
  const at::Tensor x = torch::ones({12, 33, 65}, options());
  const at::Tensor whole = keyed_dropout(x, samples, kKey, 0.3);
  const at::Tensor uniform = keyed_uniform(samples, kKey, 77);
  for (const std::int64_t parts : {2, 3, 12}) {
    std::vector<at::Tensor> dropped, drawn;
    for (const at::Tensor& some : samples.chunk(parts)) {
      dropped.push_back(keyed_dropout(x.slice(0, 0, some.size(0)), some, kKey, 0.3));
      drawn.push_back(keyed_uniform(some, kKey, 77));
    }
    EXPECT_TRUE(torch::equal(torch::cat(dropped), whole)) << parts;
    EXPECT_TRUE(torch::equal(torch::cat(drawn), uniform)) << parts;
  }
  const at::Tensor order = torch::randperm(12, options().dtype(at::kLong));
  EXPECT_TRUE(torch::equal(keyed_dropout(x, samples.index({order}), kKey, 0.3),
                           whole.index_select(0, order)));
}

// Against the standard deviation of a mean of so many independent draws.
TEST_P(KeyedDropoutTest, DrawsAsOftenAsItsRateSaysAndIndependently) {
  const std::int64_t count = 1 << 16;
  const at::Tensor samples = torch::arange(16, options().dtype(at::kLong));
  const double deviation = 1 / std::sqrt(16.0 * static_cast<double>(count));
  const at::Tensor x = torch::ones({16, count}, options());
  const auto kept = [&](std::uint64_t key, double rate) {
    return keyed_dropout(x, samples, key, rate).ne(0).to(at::kDouble);
  };
  for (const double rate : {0.05, 0.1, 0.5, 0.9}) {
    EXPECT_NEAR(kept(kKey, rate).mean().item<double>(), 1 - rate, 5 * 0.5 * deviation) << rate;
  }
  const at::Tensor a = kept(kKey, 0.5) - 0.5;
  for (const at::Tensor& b : {kept(kKey + 1, 0.5), kept(kKey ^ (1ULL << 63), 0.5),
                              kept(kKey, 0.5).roll({1}, {0}), kept(kKey, 0.5).roll({1}, {1})}) {
    EXPECT_NEAR((a * (b - 0.5)).mean().item<double>(), 0, 5 * 0.25 * deviation);
  }
  const at::Tensor u = keyed_uniform(samples, kKey, count).to(at::kDouble);
  EXPECT_GE(u.min().item<double>(), 0);
  EXPECT_LT(u.max().item<double>(), 1);
  EXPECT_NEAR(u.mean().item<double>(), 0.5, 5 * deviation / std::sqrt(12.0));
  EXPECT_NEAR(u.square().mean().item<double>(), 1.0 / 3, 5 * deviation * std::sqrt(4.0 / 45));
}

// What was drawn once is drawn for good: a run that goes on in a later version depends on it.
TEST_P(KeyedDropoutTest, TheNumbersStay) {
  const at::Tensor u = keyed_uniform(samples_of({0, 5}), 1, 3).cpu();
  EXPECT_TRUE(torch::equal(
      u, torch::tensor({{11635202 * 0x1.0p-24F, 16303542 * 0x1.0p-24F, 7156637 * 0x1.0p-24F},
                        {3160184 * 0x1.0p-24F, 13376321 * 0x1.0p-24F, 4680072 * 0x1.0p-24F}})))
      << u;
}

TEST_P(KeyedDropoutTest, ItsGradientHasOneToo) {
  const at::Tensor samples = samples_of({3, 4});
  const at::Tensor x = torch::rand({2, 9}, options().dtype(at::kDouble)).requires_grad_();
  const at::Tensor y = keyed_dropout(x, samples, kKey, 0.5).pow(3);
  const at::Tensor first = torch::autograd::grad({y.sum()}, {x}, {}, true, true)[0];
  const at::Tensor second = torch::autograd::grad({first.sum()}, {x})[0];
  const at::Tensor factor = keyed_dropout(torch::ones_like(x), samples, kKey, 0.5).detach();
  EXPECT_LE(testing::relative_error(second, factor.pow(3) * 6 * x), 1e-12);
}

TEST_P(KeyedDropoutTest, RefusesWhatIsWrongAndLeavesWhatNeedsNothing) {
  const at::Tensor x = torch::rand({2, 3}, options()), samples = samples_of({1, 2});
  EXPECT_TRUE(keyed_dropout(x, samples, kKey, 0).is_same(x));
  EXPECT_EQ(keyed_dropout(x.slice(1, 0, 0), samples, kKey, 0.5).numel(), 0);
  EXPECT_EQ(keyed_uniform(samples.slice(0, 0, 0), kKey, 4).sizes(), at::IntArrayRef({0, 4}));
  const auto refused = [&](const at::Tensor& of, const at::Tensor& by, double rate,
                           std::int64_t axis = 0) {
    return error_of([&] { keyed_dropout(of, by, kKey, rate, axis); });
  };
  EXPECT_THAT(refused(x, samples, 1), HasSubstr("rate must be in [0, 1)"));
  EXPECT_THAT(refused(x, samples_of({1, 2, 3}), 0.5), HasSubstr("3 samples along axis 0"));
  EXPECT_THAT(refused(x, samples, 0.5, 2), HasSubstr("along axis 2"));
  EXPECT_THAT(refused(x.to(at::kInt), samples, 0.5), HasSubstr("expected floating"));
  EXPECT_THAT(refused(x, samples.to(at::kInt), 0.5), HasSubstr("samples must be int64 [B]"));
  EXPECT_THAT(error_of([&] { keyed_uniform(x, kKey, 1); }), HasSubstr("must be int64 [B]"));
}

OMNIQ_INSTANTIATE_ON_DEVICES(KeyedDropoutTest);

}  // namespace
}  // namespace omniq::keyed_dropout_test
