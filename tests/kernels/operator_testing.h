// What the tests of the operators share. Every case runs on each device; without a CUDA device its
// half is skipped.
#pragma once

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace omniq::testing {

class DeviceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (device().is_cuda() && !torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
    torch::manual_seed(1);
  }

  static torch::Device device() { return torch::Device(GetParam()); }
};

#define OMNIQ_INSTANTIATE_ON_DEVICES(fixture)                                  \
  INSTANTIATE_TEST_SUITE_P(Devices, fixture, ::testing::Values("cpu", "cuda"), \
                           [](const auto& info) { return std::string(info.param); })

/// ‖x − expected‖₂ / ‖expected‖₂ in float64; ‖x‖₂ where expected is zero. NaN if either holds one.
inline double relative_error(const at::Tensor& x, const at::Tensor& expected) {
  const at::Tensor a = x.detach().to(at::kCPU, at::kDouble);
  const at::Tensor b = expected.detach().to(at::kCPU, at::kDouble);
  TORCH_CHECK(a.sizes() == b.sizes(), "shapes ", a.sizes(), " and ", b.sizes());
  const double scale = b.norm().item<double>();
  return (a - b).norm().item<double>() / (scale > 0 ? scale : 1);
}

/// The arguments of an operator: those with gradients first, by name.
struct NamedTensor {
  const char* name;
  at::Tensor value;
};
using Arguments = std::vector<NamedTensor>;
using Operator = std::function<at::Tensor(const Arguments&)>;

/// Detached copies that require gradients; undefined tensors stay.
inline Arguments leaves(const Arguments& arguments, const at::TensorOptions& options) {
  Arguments result = arguments;
  for (auto& [name, value] : result) {
    if (value.defined()) value = value.detach().to(options).clone().requires_grad_();
  }
  return result;
}

/// The output of `f` and then the gradients of (output ⊙ weights).sum() for every argument
/// (undefined for undefined ones).
inline std::vector<at::Tensor> run_with_gradients(const Operator& f, const Arguments& arguments,
                                                  const at::Tensor& weights) {
  const at::Tensor y = f(arguments);
  (y * weights.to(y.options())).sum().backward();
  std::vector<at::Tensor> result{y.detach()};
  for (const auto& [name, value] : arguments) {
    result.push_back(value.defined() ? value.grad() : at::Tensor());
  }
  return result;
}

/// A dtype, and the relative errors that the output and the gradients may have in it.
struct Precision {
  at::ScalarType type;
  double output_limit, gradient_limit;
};

/// Compares output and gradients in each precision with those of `reference`, which computes in
/// float64: once, from values that all of these dtypes hold.
inline void expect_matches(const Operator& f, const Operator& reference, const Arguments& arguments,
                           torch::Device device, const std::vector<Precision>& precisions) {
  const at::TensorOptions exactly = at::TensorOptions(at::kDouble).device(at::kCPU);
  Arguments exact = leaves(arguments, exactly);
  for (const Precision& p : precisions) exact = leaves(leaves(exact, p.type), exactly);
  const at::Tensor weights = [&] {
    const torch::NoGradGuard no_grad;
    const Arguments any = leaves(exact, at::TensorOptions(precisions.front().type).device(device));
    return torch::randn_like(f(any).to(at::kCPU, at::kDouble));
  }();
  const auto expected = run_with_gradients(reference, exact, weights);
  for (const auto& [type, output_limit, gradient_limit] : precisions) {
    SCOPED_TRACE(type);
    const auto actual =
        run_with_gradients(f, leaves(exact, at::TensorOptions(type).device(device)), weights);
    EXPECT_LE(relative_error(actual[0], expected[0]), output_limit) << "output";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].value.defined()) continue;
      at::Tensor gradient = actual[i + 1];
      // With one token nothing depends on A, and torch operators leave its gradient undefined.
      if (!gradient.defined()) gradient = torch::zeros_like(expected[i + 1]);
      EXPECT_LE(relative_error(gradient, expected[i + 1]), gradient_limit)
          << "gradient of " << arguments[i].name;
    }
  }
}

/// The same in the dtype and on the device of `options`.
inline void expect_matches(const Operator& f, const Operator& reference, const Arguments& arguments,
                           const at::TensorOptions& options, double output_limit,
                           double gradient_limit) {
  expect_matches(f, reference, arguments, options.device(),
                 {{options.dtype().toScalarType(), output_limit, gradient_limit}});
}

/// Compares every element of every gradient with a central difference, in float64.
inline void expect_gradients_match_differences(const Operator& f, const Arguments& arguments,
                                               torch::Device device) {
  const Arguments point = leaves(arguments, at::TensorOptions(at::kDouble).device(device));
  const at::Tensor weights = torch::randn_like(f(point).detach());
  const auto gradients = run_with_gradients(f, point, weights);
  const torch::NoGradGuard no_grad;
  const double width =
      1e-5;  // near the cube root of the rounding unit, where rounding and truncation balance
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (!point[i].value.defined()) continue;
    at::Tensor flat = point[i].value.view(-1);
    at::Tensor differences = torch::zeros(flat.numel(), at::kDouble);
    for (std::int64_t j = 0; j < flat.numel(); ++j) {
      const double here = flat[j].item<double>();
      flat[j] = here + width;
      const double above = (f(point) * weights).sum().item<double>();
      flat[j] = here - width;
      const double below = (f(point) * weights).sum().item<double>();
      flat[j] = here;
      differences[j] = (above - below) / (2 * width);
    }
    EXPECT_LE(relative_error(gradients[i + 1].reshape(-1), differences), 1e-7)
        << "gradient of " << point[i].name;
  }
}

/// Compares the gradient of each argument alone with that found when all need theirs.
inline void expect_only_needed_gradients(const Operator& f, const Arguments& arguments,
                                         const at::TensorOptions& options, double limit) {
  const Arguments all = leaves(arguments, options);
  const at::Tensor weights = torch::randn_like(f(all).detach());
  const auto expected = run_with_gradients(f, all, weights);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].value.defined()) continue;
    SCOPED_TRACE(all[i].name);
    Arguments one = leaves(all, options);
    for (std::size_t j = 0; j < one.size(); ++j) {
      if (one[j].value.defined()) one[j].value.requires_grad_(j == i);
    }
    const auto actual = run_with_gradients(f, one, weights);
    for (std::size_t j = 0; j < one.size(); ++j) EXPECT_EQ(actual[j + 1].defined(), j == i);
    EXPECT_LE(relative_error(actual[i + 1], expected[i + 1]), limit);
  }
}

/// Compares output and gradients with those from contiguous tensors where no argument is
/// contiguous, nor the output's gradient.
inline void expect_takes_strided(const Operator& f, const Arguments& arguments,
                                 const at::TensorOptions& options, double limit) {
  const Arguments plain = leaves(arguments, options);
  Arguments strided = plain;
  for (auto& [name, value] : strided) {
    if (!value.defined()) continue;
    const at::Tensor between = torch::full_like(value, 1e4).detach();
    value = torch::stack({value.detach(), between}, -1).select(-1, 0).requires_grad_();
    ASSERT_FALSE(value.is_contiguous()) << name;
  }
  const at::Tensor weights = torch::randn_like(f(plain).detach());
  const auto expected = run_with_gradients(f, plain, weights);
  const auto actual =
      run_with_gradients([&](const Arguments& in) { return f(in).transpose(0, -1); }, strided,
                         weights.transpose(0, -1).contiguous());
  EXPECT_LE(relative_error(actual[0].transpose(0, -1), expected[0]), limit) << "output";
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (!plain[i].value.defined()) continue;
    EXPECT_LE(relative_error(actual[i + 1], expected[i + 1]), limit)
        << "gradient of " << plain[i].name;
  }
}

/// About four in five tokens, anywhere; at least the first of every clip.
inline at::Tensor random_mask(std::int64_t clips, std::int64_t tokens, torch::Device device) {
  at::Tensor mask = torch::rand({clips, tokens}) < 0.8;
  mask.select(1, 0).fill_(true);
  return mask.to(device);
}

/// Leaves NaN in the memory that torch hands out next, so that an output that is not written shows.
inline void poison_memory(torch::Device device) {
  std::vector<at::Tensor> blocks;
  for (const std::int64_t size : {1 << 8, 1 << 12, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24}) {
    if (device.is_cpu() && size > 1 << 20) break;  // goes back to the system
    for (int i = 0; i < 12; ++i) {
      blocks.push_back(torch::full({size}, std::numeric_limits<float>::quiet_NaN(),
                                   at::TensorOptions(at::kFloat).device(device)));
    }
  }
}

inline void expect_same_bits(const std::vector<at::Tensor>& actual,
                             const std::vector<at::Tensor>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_TRUE(torch::equal(actual[i], expected[i])) << "result " << i;
}

/// Output and gradients are finite and repeat bit for bit, whatever was in memory before.
inline void expect_repeats(const Operator& f, const Arguments& arguments,
                           const at::TensorOptions& options, const at::Tensor& weights) {
  const auto run = [&] { return run_with_gradients(f, leaves(arguments, options), weights); };
  const auto first = run();
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_TRUE(first[i].isfinite().all().item<bool>()) << "result " << i;
  for (int repeat = 0; repeat < 3; ++repeat) {
    poison_memory(options.device());
    expect_same_bits(run(), first);
  }
}

inline std::optional<at::Tensor> optional(const at::Tensor& x) {
  return x.defined() ? std::optional(x) : std::nullopt;
}

/// The message with which `f` throws c10::Error; empty if it does not.
inline std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
  return {};
}

/// The message with which `f` refuses a gradient that can be differentiated again; empty if it does
/// not.
inline std::string error_of_second_derivative(const Operator& f, const Arguments& arguments,
                                              const at::TensorOptions& options) {
  const Arguments in = leaves(arguments, options);
  const at::Tensor y = f(in).square().sum();
  return error_of([&] {
    torch::autograd::grad({y}, {in[0].value}, /*grad_outputs=*/{}, /*retain_graph=*/std::nullopt,
                          /*create_graph=*/true);
  });
}

}  // namespace omniq::testing
