// The operators on the CPU against what one would write with torch operators: a loop over tokens
// for the scan, conv1d and SiLU for the convolution. Every row times both in turn and prints, per
// call, the operator
// (`ms`), the other (`torch_ms`) and how many times faster the operator is (`ratio`), as medians;
// and the fastest calls (`best_ms`, `torch_best_ms`), which say more where other programs are
// running.
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "kernels/causal_conv1d/causal_conv1d.h"
#include "kernels/selective_scan/selective_scan.h"

namespace {

struct Shape {
  std::int64_t directions, clips, tokens, channels, states;
};

constexpr Shape kLarge{1, 8, 33, 1536, 128};
constexpr Shape kDemo{2, 8, 9, 128, 16};

at::Tensor scan_with_torch(const std::vector<at::Tensor>& in) {
  const at::Tensor step = torch::softplus(in[1] + in[6].unsqueeze(1).unsqueeze(1));
  std::vector<at::Tensor> directions;
  for (std::int64_t r = 0; r < in[0].size(0); ++r) {
    const at::Tensor A = in[2][0];
    const std::int64_t tokens = in[0].size(2);
    std::vector<at::Tensor> outputs(tokens);
    at::Tensor h = torch::zeros({in[0].size(1), A.size(0), A.size(1)});
    for (std::int64_t i = 0; i < tokens; ++i) {
      const std::int64_t t = r == 0 ? i : tokens - 1 - i;
      const at::Tensor step_t = step[r].select(1, t).unsqueeze(-1);
      const at::Tensor u_t = in[0][r].select(1, t).unsqueeze(-1);
      h = torch::exp(step_t * A) * h + (step_t * u_t) * in[3][r].select(1, t).unsqueeze(1);
      outputs[t] = torch::matmul(h, in[4][r].select(1, t).unsqueeze(-1)).squeeze(-1);
    }
    directions.push_back(torch::stack(outputs, 1));
  }
  return (torch::stack(directions) + in[5].unsqueeze(1).unsqueeze(1) * in[0]) * torch::silu(in[7]);
}

at::Tensor scan_with_operator(const std::vector<at::Tensor>& in) {
  return omniq::kernels::selective_scan(in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7],
                                        std::nullopt);
}

std::vector<at::Tensor> scan_inputs(const Shape& s) {
  const std::int64_t R = s.directions;
  return {torch::randn({R, s.clips, s.tokens, s.channels}),
          torch::randn({R, s.clips, s.tokens, s.channels}),
          -torch::arange(1, s.states + 1).to(at::kFloat).expand({1, s.channels, -1}).contiguous(),
          torch::randn({R, s.clips, s.tokens, s.states}),
          torch::randn({R, s.clips, s.tokens, s.states}),
          torch::ones({1, s.channels}),
          torch::empty({1, s.channels}).uniform_(-7, -2),
          torch::randn({1, s.clips, s.tokens, s.channels})};
}

at::Tensor conv_with_torch(const std::vector<at::Tensor>& in) {
  const at::Tensor x = in[0][0].transpose(1, 2);
  const std::int64_t channels = x.size(1), tokens = x.size(2);
  const at::Tensor y = torch::conv1d(x, in[1][0].unsqueeze(1), in[2][0], 1, 3, 1, channels);
  at::Tensor both = torch::silu(y.narrow(2, 0, tokens)).transpose(1, 2).unsqueeze(0);
  if (in.size() == 3) return both;
  const at::Tensor back =
      torch::conv1d(x.flip(2), in[1][0].unsqueeze(1), in[2][0], 1, 3, 1, channels);
  return torch::cat(
      {both, torch::silu(back.narrow(2, 0, tokens)).flip(2).transpose(1, 2).unsqueeze(0)});
}

at::Tensor conv_with_operator(const std::vector<at::Tensor>& in) {
  return omniq::kernels::causal_conv1d(in[0], in[1], in[2], in.size() == 3 ? 1 : 2, std::nullopt);
}

// A fourth tensor, not used, stands for the second direction.
std::vector<at::Tensor> conv_inputs(const Shape& s) {
  std::vector<at::Tensor> in{torch::randn({1, s.clips, s.tokens, s.channels}),
                             torch::randn({1, s.channels, 4}), torch::randn({1, s.channels})};
  if (s.directions == 2) in.push_back(torch::zeros(1));
  return in;
}

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

double run_ms(const Function& f, const std::vector<at::Tensor>& in, const at::Tensor& grad) {
  const auto start = std::chrono::steady_clock::now();
  if (grad.defined()) {
    for (const at::Tensor& x : in) x.mutable_grad() = at::Tensor();
    f(in).backward(grad);
  } else {
    benchmark::DoNotOptimize(f(in));
  }
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void compare(benchmark::State& state, const Function& operator_, const Function& torch_,
             const std::vector<at::Tensor>& in, bool backward) {
  at::Tensor grad;
  if (backward) {
    for (const at::Tensor& x : in) x.requires_grad_();
    grad = torch::randn_like(operator_(in).detach());
  }
  const c10::AutoGradMode mode(backward);
  std::vector<double> ours;
  std::vector<double> theirs;
  run_ms(operator_, in, grad);
  run_ms(torch_, in, grad);
  for (auto _ : state) {
    ours.push_back(run_ms(operator_, in, grad));
    state.SetIterationTime(ours.back() * 1e-3);
    theirs.push_back(run_ms(torch_, in, grad));
  }
  state.counters["ms"] = median(ours);
  state.counters["torch_ms"] = median(theirs);
  state.counters["ratio"] = median(theirs) / median(ours);
  state.counters["best_ms"] = *std::min_element(ours.begin(), ours.end());
  state.counters["torch_best_ms"] = *std::min_element(theirs.begin(), theirs.end());
  state.counters["threads"] = at::get_num_threads();
}

void scan(benchmark::State& state, const Shape& shape, bool backward) {
  compare(state, scan_with_operator, scan_with_torch, scan_inputs(shape), backward);
}

void conv(benchmark::State& state, const Shape& shape, bool backward) {
  compare(state, conv_with_operator, conv_with_torch, conv_inputs(shape), backward);
}

BENCHMARK_CAPTURE(scan, B8_L33_E1536_N128_forward, kLarge, false)->UseManualTime()->Iterations(15);
BENCHMARK_CAPTURE(scan, B8_L33_E1536_N128_both, kLarge, true)->UseManualTime()->Iterations(9);
BENCHMARK_CAPTURE(scan, R2_B8_L9_E128_N16_forward, kDemo, false)->UseManualTime()->Iterations(300);
BENCHMARK_CAPTURE(scan, R2_B8_L9_E128_N16_both, kDemo, true)->UseManualTime()->Iterations(300);
BENCHMARK_CAPTURE(conv, B8_L33_E1536_forward, kLarge, false)->UseManualTime()->Iterations(50);
BENCHMARK_CAPTURE(conv, B8_L33_E1536_both, kLarge, true)->UseManualTime()->Iterations(50);
BENCHMARK_CAPTURE(conv, R2_B8_L9_E128_forward, kDemo, false)->UseManualTime()->Iterations(300);
BENCHMARK_CAPTURE(conv, R2_B8_L9_E128_both, kDemo, true)->UseManualTime()->Iterations(300);

}  // namespace

BENCHMARK_MAIN();
