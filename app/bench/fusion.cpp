#include <c10/util/Exception.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <iostream>

#include "app/bench/error.h"
#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "app/bench/timing.h"
#include "core/base/text.h"
#include "core/model/fusion/fusion.h"

namespace omniq::bench {
namespace {

struct FusionShape {
  std::int64_t clips, length;
  bool backward;  // timed too
};

constexpr std::int64_t kLongestChecked = 4096;  // the float64 scan is a loop over tokens

// What the scans are given in float32 also where all else is bfloat16, as under autocast.
bool stays_float(const std::string& name) {
  const auto ends = [&](const char* end) { return name.ends_with(end); };
  return ends("A_log") || ends("D_skip") || ends("dt_bias") || ends("dt_proj.bias") ||
         (name.find("ssm") != std::string::npos && (ends("conv_weight") || ends("conv_bias")));
}

std::shared_ptr<model::Fusion> fusion_on(c10::Device device, at::ScalarType dtype,
                                         const model::FusionKind& kind,
                                         const model::FusionOptions& options) {
  torch::manual_seed(0);
  auto fusion = model::make_fusion(kind.name, options);
  model::initialise(*fusion, /*seed=*/0);
  for (auto& parameter : fusion->named_parameters()) {
    const bool half = dtype == at::kBFloat16;
    const auto type = half && stays_float(parameter.key()) ? at::kFloat : dtype;
    parameter.value().set_data(parameter.value().to(device, type));
  }
  fusion->eval();  // without dropout, also where gradients are timed
  return fusion;
}

double error_of(const model::FusionKind& kind, const model::FusionOptions& options,
                model::Fusion& fusion, const at::Tensor& tokens, c10::Device device) {
  const torch::NoGradGuard no_grad;
  const auto exact = fusion_on(device, at::kDouble, kind, options);
  const auto parameters = fusion.named_parameters();
  for (auto& parameter : exact->named_parameters())
    parameter.value().copy_(parameters[parameter.key()]);
  const at::Tensor expected = exact->forward(tokens.to(at::kDouble), std::nullopt);
  return relative_error(fusion.forward(tokens, std::nullopt), expected);
}

}  // namespace

std::vector<Row> bench_fusion(const Options& bench) {
  const c10::Device device = bench.device;
  const bool gpu = device.is_cuda();
  const auto dtype = gpu ? at::kBFloat16 : at::kFloat;
  std::vector<FusionShape> shapes{{8, 33, true}};
  if (gpu) {
    shapes.insert(
        shapes.end(),
        {{64, 33, true}, {1, 4096, true}, {1, 8192, false}, {1, 16384, false}, {1, 32768, false}});
  }
  const auto is_baseline = [](const model::FusionKind& kind) { return kind.name == "transformer"; };
  std::vector<model::FusionKind> kinds = model::fusion_kinds();
  std::ranges::stable_partition(kinds, is_baseline);  // it comes first
  const auto limits = ceilings(device);
  const model::FusionOptions options;
  std::vector<Row> rows;
  for (const FusionShape& shape : shapes) {
    std::optional<double> baselines[2];  // forward, and with backward
    for (const Pass pass : {Pass::kForward, Pass::kBackward, Pass::kBackwardFrozenRates}) {
      const bool backward = pass != Pass::kForward;
      const bool frozen = pass == Pass::kBackwardFrozenRates;
      if (backward && !shape.backward) continue;
      std::optional<double>& baseline = baselines[backward ? 1 : 0];
      for (const model::FusionKind& kind : kinds) {
        if (frozen && kind.size(options).scans == 0) continue;
        const auto time = [&](Row& row, Launch launch) {
          const auto fusion = fusion_on(device, dtype, kind, options);
          std::vector<at::Tensor> needed;
          double parameter_bytes = 0;
          for (const model::Parameter& p : model::parameters_with_roles(*fusion)) {
            parameter_bytes += static_cast<double>(p.tensor.nbytes());
            if (frozen && p.role == model::Role::rates) {
              p.tensor.requires_grad_(false);
            } else {
              needed.push_back(p.tensor);
            }
          }
          std::vector<at::Tensor> tokens;
          const std::int64_t sets = 4;
          for (std::int64_t i = 0; i < sets; ++i) {
            tokens.push_back(torch::randn({shape.clips, shape.length, options.width},
                                          torch::TensorOptions().device(device).dtype(dtype)));
          }
          const at::Tensor grad =
              kind.sequence ? torch::randn_like(tokens[0])
                            : torch::randn_like(fusion->read_out(tokens[0], std::nullopt));
          needed.push_back(tokens[0]);
          for (auto& t : tokens) t.requires_grad_(backward);
          const torch::AutoGradMode mode(backward);
          row.ms = measure(
              device,
              [&](std::int64_t i) {
                at::Tensor y = fusion->forward(tokens[i], std::nullopt);
                if (!kind.sequence) y = fusion->read_out(y, std::nullopt);  // all that it does
                if (!backward) return;
                needed.back() = tokens[i];
                torch::autograd::grad({y}, needed, {grad}, /*retain_graph=*/std::nullopt,
                                      /*create_graph=*/false, /*allow_unused=*/true);
              },
              sets, bench.runs, launch);
          if (limits) {
            row.limit_ms = fusion_limit(kind, shape.clips, shape.length, options, *limits, dtype,
                                        parameter_bytes, pass);
          }
          if (!backward && shape.length <= kLongestChecked && shape.clips <= 8) {
            row.error = error_of(kind, options, *fusion, tokens[0].detach(), device);
          }
        };
        for (const auto launch : {Launch::kGraph, Launch::kEager}) {
          if (!gpu && launch == Launch::kGraph) continue;
          Row row;
          const bool states = std::ranges::count(kind.settings, "fusion.d_state") > 0;
          row.name = cat(kind.name, backward ? " forward+backward" : " forward",
                         frozen ? ", frozen rates" : "", launch == Launch::kGraph ? ", graph" : "");
          row.shape =
              cat("B ", shape.clips, " L ", shape.length, " D ", options.width, " depth ",
                  options.depth,
                  states ? cat(" E ", options.expand * options.width, " N ", options.d_state) : "");
          row.dtype = dtype;
          if (!bench.wants(row)) continue;
          try {
            time(row, launch);
            if (!baseline && is_baseline(kind)) baseline = row.ms.median;
            row.baseline_ms = baseline;
            rows.push_back(std::move(row));
          } catch (const c10::OutOfMemoryError&) {
            std::cerr << kind.name << ", B " << shape.clips << " L " << shape.length
                      << ": left out, it does not fit in the device's memory\n";
          }
        }
      }
    }
  }
  return rows;
}

}  // namespace omniq::bench
