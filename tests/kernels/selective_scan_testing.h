// What the tests of the selective scan share: arguments at random, and the operator on them.
#pragma once

#include "kernels/selective_scan/selective_scan.h"
#include "tests/kernels/operator_testing.h"
#include "tests/reference/selective_scan.h"

namespace omniq::testing {

/// kernels::selective_scan(), without rates where none are given.
inline constexpr auto selective_scan = [](const auto&... arguments) {
  return kernels::selective_scan(arguments...);
};

struct ScanShape {
  std::int64_t directions, sets, clips, tokens, channels, states;
  bool gate = true;
};

inline Arguments make_arguments(const ScanShape& s) {
  const std::int64_t R = s.directions, P = s.sets, B = s.clips, L = s.tokens, E = s.channels,
                     N = s.states;
  const at::Tensor rates =
      -torch::arange(1, N + 1).to(at::kFloat) * torch::empty({P, E, N}).uniform_(0.8, 1.2);
  return {{"u", torch::randn({R, B, L, E})},
          {"delta", torch::randn({R, B, L, E})},
          {"A", rates},
          {"B", torch::randn({R, B, L, N})},
          {"C", torch::randn({R, B, L, N})},
          {"D_skip", torch::randn({P, E})},
          {"delta_bias", torch::empty({P, E}).uniform_(-6, -1)},
          {"z", s.gate ? torch::randn({P, B, L, E}) : at::Tensor()}};
}

template <typename F>
Operator as_operator(F f, const at::Tensor& mask) {
  return [f, mask](const Arguments& a) {
    return f(a[0].value, a[1].value, a[2].value, a[3].value, a[4].value, a[5].value, a[6].value,
             optional(a[7].value), optional(mask));
  };
}

/// `f` on a device in float32, whatever it is given: what half precision is compared with where
/// float64, a token at a time, would take minutes.
inline Operator in_float32(const Operator& f, torch::Device device) {
  return [=](const Arguments& arguments) {
    Arguments single = arguments;
    for (auto& [name, value] : single) {
      if (value.defined()) value = value.to(device, at::kFloat);
    }
    return f(single).to(at::kCPU, at::kDouble);
  };
}

/// The scan with A = −(n + 1) · rates and no gradient of A, which is left out of the arguments.
struct LinearCase {
  Arguments arguments;
  Operator linear, reference;
};

inline LinearCase make_linear_case(const ScanShape& s, const at::Tensor& mask,
                                   torch::Device device) {
  LinearCase result;
  result.arguments = make_arguments(s);
  result.arguments.erase(result.arguments.begin() + 2);
  const at::Tensor rates = torch::empty({s.sets, s.channels}).uniform_(0.5, 1.5);
  const at::Tensor A = -rates.unsqueeze(-1) * torch::arange(1, s.states + 1);
  result.linear = [=](const Arguments& a) {
    return selective_scan(a[0].value, a[1].value, A.to(device), a[2].value, a[3].value, a[4].value,
                          a[5].value, optional(a[6].value), optional(mask),
                          kernels::linear_rates(A.to(device)).value());
  };
  result.reference = [=](const Arguments& a) {
    return reference::selective_scan(a[0].value, a[1].value, A.to(at::kDouble), a[2].value,
                                     a[3].value, a[4].value, a[5].value, optional(a[6].value),
                                     optional(mask));
  };
  return result;
}

}  // namespace omniq::testing
