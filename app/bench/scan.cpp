#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "app/bench/report.h"
#include "core/base/text.h"
#include "kernels/selective_scan/selective_scan.h"
#include "kernels/selective_scan/selective_scan_impl.h"

namespace omniq::bench {
namespace {

struct Shape {
  std::int64_t directions, clips, length, channels, states;
};

constexpr std::int64_t kRotation = 4;  // inputs that take turns, so that caches do not flatter

kernels::detail::ScanInputs make_inputs(const Shape& s, c10::Device device, at::ScalarType dtype,
                                        bool grad) {
  const auto options = torch::TensorOptions().dtype(dtype).device(device);
  kernels::detail::ScanInputs in;
  const auto tokens = [&](std::int64_t width) {
    return torch::randn({s.directions, s.clips, s.length, width}, options);
  };
  in.u = tokens(s.channels);
  in.delta = tokens(s.channels);
  in.A = -torch::arange(1, s.states + 1, options).repeat({1, s.channels, 1});
  in.B = tokens(s.states);
  in.C = tokens(s.states);
  in.D_skip = torch::ones({1, s.channels}, options);
  in.delta_bias = torch::full({1, s.channels}, -4.0, options);
  in.z = torch::randn({1, s.clips, s.length, s.channels}, options);
  if (grad) {
    for (auto* t : {&in.u, &in.delta, &in.A, &in.B, &in.C, &in.D_skip, &in.delta_bias, &in.z})
      t->requires_grad_();
  }
  return in;
}

at::Tensor fused(const kernels::detail::ScanInputs& in) {
  return kernels::selective_scan(in.u, in.delta, in.A, in.B, in.C, in.D_skip, in.delta_bias, in.z,
                                 std::nullopt);
}

kernels::detail::ScanInputs to_double(kernels::detail::ScanInputs in) {
  for (auto* t : {&in.u, &in.delta, &in.A, &in.B, &in.C, &in.D_skip, &in.delta_bias, &in.z})
    *t = t->detach().to(at::kDouble);
  return in;
}

using Scan = at::Tensor (*)(const kernels::detail::ScanInputs&);

eval::Timing time_scan(Scan scan, const Shape& shape, c10::Device device, at::ScalarType dtype,
                       bool backward, std::int64_t runs) {
  std::vector<kernels::detail::ScanInputs> inputs;
  for (std::int64_t i = 0; i < kRotation; ++i)
    inputs.push_back(make_inputs(shape, device, dtype, backward));
  const auto grad = torch::ones_like(inputs[0].u.detach());
  const torch::AutoGradMode mode(backward);
  return eval::measure(
      device,
      [&](std::int64_t i) {
        const auto& in = inputs[i % kRotation];
        const auto y = scan(in);
        if (!backward) return;
        torch::autograd::grad(
            {y}, {in.u, in.delta, in.A, in.B, in.C, in.D_skip, in.delta_bias, in.z}, {grad});
      },
      /*warmup=*/3, runs);
}

}  // namespace

std::vector<Row> bench_scan(c10::Device device, std::int64_t runs) {
  torch::manual_seed(0);
  std::vector<Row> rows;
  for (const Shape& s :
       {Shape{1, 8, 33, 1536, 128}, Shape{2, 8, 33, 1536, 128}, Shape{2, 8, 9, 128, 16}}) {
    for (const bool backward : {false, true}) {
      Row row;
      row.name = backward ? "selective_scan forward+backward" : "selective_scan forward";
      row.shape = cat("B ", s.clips, " L ", s.length, " E ", s.channels, " N ", s.states,
                      s.directions == 2 ? ", both directions" : "");
      row.dtype = "float32";
      row.ms = time_scan(fused, s, device, at::kFloat, backward, runs);
      row.baseline_ms = time_scan(kernels::detail::selective_scan_composite, s, device, at::kFloat,
                                  backward, std::max<std::int64_t>(3, runs / 5))
                            .median;
      if (!backward) {
        const torch::NoGradGuard no_grad;
        const auto in = make_inputs(s, device, at::kFloat, false);
        const auto reference = kernels::detail::selective_scan_composite(to_double(in));
        row.error =
            ((fused(in).to(at::kDouble) - reference).norm() / reference.norm()).item<double>();
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace omniq::bench
