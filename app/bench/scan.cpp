#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <functional>

#include "app/bench/error.h"
#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "app/bench/timing.h"
#include "core/base/text.h"
#include "kernels/causal_conv1d/causal_conv1d.h"
#include "kernels/causal_conv1d/impl.h"
#include "kernels/selective_scan/impl.h"
#include "kernels/selective_scan/selective_scan.h"

namespace omniq::bench {
namespace {

using kernels::detail::ScanInputs;

struct ScanShape {
  std::int64_t directions, clips, length, channels, states;
};

constexpr std::int64_t kLongestBaseline = 256;  // a loop over more tokens takes minutes

std::vector<at::Tensor*> list(ScanInputs& in) {
  return {&in.u, &in.delta, &in.A, &in.B, &in.C, &in.D_skip, &in.delta_bias, &in.z};
}

ScanInputs make_inputs(const ScanShape& s, c10::Device device, at::ScalarType dtype) {
  const auto options = torch::TensorOptions().dtype(dtype).device(device);
  const auto parameters = options.dtype(dtype == at::kDouble ? at::kDouble : at::kFloat);
  ScanInputs in;
  const auto tokens = [&](std::int64_t width) {
    return torch::randn({s.directions, s.clips, s.length, width}, options);
  };
  in.u = tokens(s.channels);
  in.delta = tokens(s.channels);
  in.A = -torch::arange(1, s.states + 1, parameters).repeat({1, s.channels, 1});
  in.B = tokens(s.states);
  in.C = tokens(s.states);
  in.D_skip = torch::ones({1, s.channels}, parameters);
  in.delta_bias = torch::full({1, s.channels}, -4.0, parameters);
  in.z = torch::randn({1, s.clips, s.length, s.channels}, options);
  return in;
}

using Scan = std::function<at::Tensor(const ScanInputs&)>;

Scan fused(const at::Tensor& A, Rates kind) {
  const auto rates = kind == Rates::kLinear ? kernels::linear_rates(A) : std::nullopt;
  return [rates](const ScanInputs& in) {
    return kernels::selective_scan(in.u, in.delta, in.A, in.B, in.C, in.D_skip, in.delta_bias, in.z,
                                   std::nullopt, rates);
  };
}

std::int64_t bytes_of(ScanInputs in) {
  std::int64_t bytes = 0;
  for (const at::Tensor* t : list(in)) bytes += static_cast<std::int64_t>(t->nbytes());
  return bytes;
}

// Output, and the gradients of (output ⊙ grad).sum() if that is defined.
std::vector<at::Tensor> run(const Scan& scan, ScanInputs in, const at::Tensor& grad) {
  const torch::AutoGradMode mode(grad.defined());
  const at::Tensor y = scan(in);
  std::vector<at::Tensor> results{y};
  if (!grad.defined()) return results;
  std::vector<at::Tensor> needed;
  for (at::Tensor* t : list(in)) {
    if (t->requires_grad()) needed.push_back(*t);
  }
  const auto grads = torch::autograd::grad({y}, needed, {grad.to(y.scalar_type())});
  results.insert(results.end(), grads.begin(), grads.end());
  return results;
}

Timing time_scan(const Scan& scan, const ScanShape& shape, c10::Device device, at::ScalarType dtype,
                 bool backward, Rates kind, std::int64_t runs, Launch launch) {
  std::vector<ScanInputs> inputs{make_inputs(shape, device, dtype)};
  const std::int64_t sets = launch == Launch::kGraph ? rotation(device, bytes_of(inputs[0])) : 2;
  while (static_cast<std::int64_t>(inputs.size()) < sets)
    inputs.push_back(make_inputs(shape, device, dtype));
  at::Tensor grad;
  if (backward) {
    grad = torch::randn_like(inputs[0].u);
    for (ScanInputs& in : inputs) {
      for (at::Tensor* t : list(in)) t->requires_grad_(t != &in.A || kind == Rates::kGeneral);
    }
  }
  return measure(
      device, [&](std::int64_t i) { run(scan, inputs[i], grad); }, sets, runs, launch);
}

// The largest relative error of output and gradients against float64.
double error_of(const ScanShape& shape, c10::Device device, at::ScalarType dtype, bool backward,
                Rates kind) {
  ScanInputs in = make_inputs(shape, device, dtype), exact = in;
  const auto tested = list(in), reference = list(exact);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    *reference[i] = tested[i]->to(at::kDouble);
    const bool needed = backward && (tested[i] != &in.A || kind == Rates::kGeneral);
    tested[i]->requires_grad_(needed);
    reference[i]->requires_grad_(needed);
  }
  const at::Tensor grad = backward ? torch::randn_like(in.u).detach() : at::Tensor();
  const auto actual = run(fused(in.A.detach(), kind), in, grad);
  const auto expected = run(kernels::detail::selective_scan_composite, exact, grad);
  return largest_error(actual, expected);
}

double limit_of(const ScanShape& s, const Ceilings& c, at::ScalarType dtype, bool backward,
                Rates kind) {
  const auto size = static_cast<double>(at::elementSize(dtype));
  const double places = static_cast<double>(s.directions * s.clips * s.length);
  const double channels = places * static_cast<double>(s.channels);
  const ScanWork work = scan_work(s.states, dtype, kind, backward);
  // u, delta, y, and half of z, which both directions share; B and C. Backward reads them again
  // with the gradient of y, and writes as much.
  const double bytes = size * places *
                       (static_cast<double>(s.channels) * 3.5 + 2 * static_cast<double>(s.states)) *
                       (backward ? 3 : 1);
  return std::max({channels * work.instructions / c.vector_operations,
                   channels * work.products / c.matrix_operations,
                   channels * work.exponentials / c.exponentials, bytes / c.bytes});
}

// The convolution before the scan: both directions of one input.
void add_conv_rows(const ScanShape& s, c10::Device device, at::ScalarType dtype,
                   const std::optional<Ceilings>& limits, const Options& bench,
                   std::vector<Row>& rows) {
  const auto options = torch::TensorOptions().dtype(dtype).device(device);
  const auto parameters = options.dtype(at::kFloat);
  const at::Tensor weight = torch::randn({1, s.channels, 4}, parameters);
  const at::Tensor bias = torch::randn({1, s.channels}, parameters);
  std::vector<at::Tensor> inputs{torch::randn({1, s.clips, s.length, s.channels}, options)};
  const std::int64_t sets = rotation(device, static_cast<std::int64_t>(3 * inputs[0].nbytes()));
  while (static_cast<std::int64_t>(inputs.size()) < sets)
    inputs.push_back(torch::randn_like(inputs[0]));
  for (const bool backward : {false, true}) {
    weight.requires_grad_(backward);
    bias.requires_grad_(backward);
    for (at::Tensor& x : inputs) x.requires_grad_(backward);
    const torch::AutoGradMode mode(backward);
    const at::Tensor grad = torch::randn({2, s.clips, s.length, s.channels}, options);
    const auto time = [&](auto conv) {
      return measure(
          device,
          [&](std::int64_t i) {
            const at::Tensor y = conv(inputs[i]);
            if (backward) torch::autograd::grad({y}, {inputs[i], weight, bias}, {grad});
          },
          sets, bench.runs, Launch::kGraph);
    };
    Row row;
    row.name = backward ? "causal_conv1d forward+backward" : "causal_conv1d forward";
    row.shape = cat("B ", s.clips, " L ", s.length, " E ", s.channels, ", both directions");
    row.dtype = dtype;
    if (!bench.wants(row)) continue;
    row.ms = time([&](const at::Tensor& x) {
      return kernels::causal_conv1d(x, weight, bias, 2, std::nullopt);
    });
    row.baseline_ms = time([&](const at::Tensor& x) {
                        return kernels::detail::causal_conv1d_composite(x, weight, bias, 2, {});
                      }).median;
    if (limits) {
      const auto bytes = static_cast<double>(inputs[0].nbytes());
      row.limit_ms = bytes * (backward ? 7 : 3) / limits->bytes;
    }
    rows.push_back(std::move(row));
  }
}

}  // namespace

std::vector<Row> bench_scan(const Options& options) {
  const c10::Device device = options.device;
  const std::int64_t runs = options.runs;
  torch::manual_seed(0);
  const bool gpu = device.is_cuda();
  std::vector<ScanShape> shapes{{1, 8, 33, 1536, 128}, {2, 8, 33, 1536, 128}, {2, 8, 9, 128, 16}};
  if (gpu) {
    shapes.push_back({2, 64, 33, 1536, 128});
    for (const std::int64_t length : {4096, 16384}) shapes.push_back({2, 1, length, 1536, 128});
  }
  const auto limits = ceilings(device);
  std::vector<at::ScalarType> dtypes{at::kFloat};
  if (gpu) dtypes = {at::kBFloat16, at::kFloat};
  std::vector<Row> rows;
  const torch::AutoGradMode grad_off(false);
  for (const ScanShape& s : shapes) {
    for (const auto dtype : dtypes) {
      for (const bool backward : {false, true}) {
        // The baseline is the same for both kinds of A.
        std::optional<double> baseline;
        const bool with_baseline = s.length <= kLongestBaseline;
        for (const auto kind : {Rates::kGeneral, Rates::kLinear}) {
          if (!gpu && kind == Rates::kLinear) continue;  // the CPU ignores rates
          const at::Tensor A = make_inputs({1, 1, 1, s.channels, s.states}, device, dtype).A;
          Row row;
          row.name = cat("selective_scan ", backward ? "forward+backward" : "forward",
                         kind == Rates::kLinear ? ", linear rates" : "");
          row.shape = cat("B ", s.clips, " L ", s.length, " E ", s.channels, " N ", s.states,
                          s.directions == 2 ? ", both directions" : "");
          row.dtype = dtype;
          if (!options.wants(row)) continue;
          row.ms =
              time_scan(fused(A, kind), s, device, dtype, backward, kind, runs, Launch::kGraph);
          if (with_baseline && !baseline) {
            baseline =
                time_scan(kernels::detail::selective_scan_composite, s, device, dtype, backward,
                          Rates::kGeneral, std::max<std::int64_t>(3, runs / 10), Launch::kEager)
                    .median;
          }
          row.baseline_ms = baseline;
          if (limits) row.limit_ms = limit_of(s, *limits, dtype, backward, kind);
          // In float64 a step of the loop keeps every state: a few clips tell the error.
          if (with_baseline) {
            ScanShape few = s;
            few.clips = std::min<std::int64_t>(few.clips, 8);
            row.error = error_of(few, device, dtype, backward, kind);
          }
          rows.push_back(std::move(row));
        }
      }
      if (s.directions == 2 && s.channels == 1536)
        add_conv_rows(s, device, dtype, limits, options, rows);
    }
  }
  return rows;
}

}  // namespace omniq::bench
