#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "app/bench/error.h"
#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "app/bench/timing.h"
#include "core/base/text.h"
#include "kernels/bidirectional_ssd/bidirectional_ssd.h"
#include "kernels/bidirectional_ssd/impl.h"

namespace omniq::bench {
namespace {

using kernels::detail::SsdInputs;

constexpr std::int64_t kHeads = 24, kChannels = 64, kStates = 128;
constexpr std::int64_t kLongestSsdBaseline = 4096;  // all pairs of tokens; longer takes 100 GB

struct SsdShape {
  std::int64_t clips, length;
};

std::vector<at::Tensor*> list(SsdInputs& in) {
  return {&in.u, &in.delta, &in.A, &in.B, &in.C, &in.D_skip, &in.delta_bias};
}

SsdInputs make_inputs(const SsdShape& s, const at::TensorOptions& options) {
  const auto parameters = options.dtype(at::kFloat);
  return {torch::randn({s.clips, s.length, kHeads, kChannels}, options),
          torch::randn({s.clips, s.length, kHeads}, options),
          -torch::linspace(1, 16, kHeads, parameters),
          torch::randn({s.clips, s.length, kStates}, options),
          torch::randn({s.clips, s.length, kStates}, options),
          torch::ones({kHeads}, parameters),
          torch::full({kHeads}, -4.0, parameters),
          {}};
}

std::vector<at::Tensor> run(bool fused, SsdInputs& in, const at::Tensor& grad) {
  at::Tensor y = fused ? kernels::bidirectional_ssd(in.u, in.delta, in.A, in.B, in.C, in.D_skip,
                                                    in.delta_bias, std::nullopt)
                       : kernels::detail::bidirectional_ssd_composite(in);
  std::vector<at::Tensor> result{y.detach()};
  if (!grad.defined()) return result;
  std::vector<at::Tensor> needed;
  for (at::Tensor* t : list(in)) needed.push_back(*t);
  for (auto& g : torch::autograd::grad({y}, needed, {grad.to(y.scalar_type())})) {
    result.push_back(g);
  }
  return result;
}

double error_of(SsdInputs in, bool backward) {
  SsdInputs exact = in;
  const at::Tensor grad = backward ? torch::randn_like(in.u).detach() : at::Tensor();
  const auto tested = list(in), reference = list(exact);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    *tested[i] = tested[i]->detach().clone().requires_grad_(backward);
    *reference[i] = tested[i]->detach().to(at::kDouble).requires_grad_(backward);
  }
  const auto actual = run(true, in, grad), expected = run(false, exact, grad);
  return largest_error(actual, expected);
}

// The matrix products of chunks of 64 tokens, and u, y, B and C once. Backward has about 2.4 times
// the products besides those of forward, which are computed again.
double limit_of(const SsdShape& s, const Ceilings& c, at::ScalarType dtype, bool backward) {
  const auto tokens = static_cast<double>(s.clips * s.length);
  const double E = kHeads * kChannels, N = kStates;
  const double pairs = 2 * 64 * (E + N), states = s.length > 64 ? 8 * E * N : 0;
  const double bytes = static_cast<double>(at::elementSize(dtype)) * (2 * E + 2 * N);
  return tokens * std::max((pairs + states) * (backward ? 4.4 : 1) / c.matrix_operations,
                           bytes * (backward ? 3.5 : 1) / c.bytes);
}

}  // namespace

std::vector<Row> bench_ssd(const Options& bench) {
  const bool gpu = bench.device.is_cuda();
  std::vector<SsdShape> shapes{{8, 33}};
  if (gpu) shapes.insert(shapes.end(), {{64, 33}, {1, 4096}, {1, 16384}});
  const auto limits = ceilings(bench.device);
  std::vector<at::ScalarType> dtypes{at::kFloat};
  if (gpu) dtypes = {at::kBFloat16, at::kFloat};
  std::vector<Row> rows;
  for (const SsdShape& s : shapes) {
    for (const auto dtype : dtypes) {
      for (const bool backward : {false, true}) {
        Row row;
        row.name = backward ? "bidirectional_ssd forward+backward" : "bidirectional_ssd forward";
        row.shape = cat("B ", s.clips, " L ", s.length, " heads ", kHeads, " of ", kChannels, " N ",
                        kStates);
        row.dtype = dtype;
        if (!bench.wants(row)) continue;
        const torch::AutoGradMode mode(backward);
        const auto options = torch::TensorOptions().device(bench.device).dtype(dtype);
        std::vector<SsdInputs> inputs{make_inputs(s, options)};
        const std::int64_t sets =
            rotation(bench.device, static_cast<std::int64_t>(2 * inputs[0].u.nbytes()));
        while (static_cast<std::int64_t>(inputs.size()) < sets)
          inputs.push_back(make_inputs(s, options));
        for (SsdInputs& in : inputs) {
          for (at::Tensor* t : list(in)) t->requires_grad_(backward);
        }
        const at::Tensor grad = backward ? torch::randn_like(inputs[0].u).detach() : at::Tensor();
        const auto time = [&](bool fused, std::int64_t runs) {
          return measure(
              bench.device, [&](std::int64_t i) { run(fused, inputs[i], grad); }, sets, runs,
              fused ? Launch::kGraph : Launch::kEager);
        };
        row.ms = time(true, bench.runs);
        if (s.length <= kLongestSsdBaseline) {
          row.baseline_ms = time(false, std::max<std::int64_t>(3, bench.runs / 10)).median;
        }
        if (limits) row.limit_ms = limit_of(s, *limits, dtype, backward);
        if (s.clips * s.length <= 512) row.error = error_of(inputs[0], backward);
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

}  // namespace omniq::bench
