#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <iostream>

#include "app/bench/error.h"
#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "app/bench/timing.h"
#include "core/base/text.h"
#include "core/model/preprocess.h"
#include "core/model/swin/inference.h"
#include "core/model/swin/swin.h"

namespace omniq::bench {
namespace {

constexpr std::int64_t kMostChecked = 2;  // frames computed in float64 too

model::Swin make_swin(const std::string& name, c10::Device device, at::ScalarType dtype) {
  torch::manual_seed(0);
  model::Swin net(model::swin_options(name).value());
  model::initialise(*net, /*seed=*/0);
  net->to(device);
  net->to(dtype);
  net->eval();
  return net;
}

double error_of(const std::string& name, const at::Tensor& features, const at::Tensor& frames) {
  const auto exact = make_swin(name, frames.device(), at::kDouble);
  const std::int64_t count = std::min(kMostChecked, frames.size(0));
  const at::Tensor some = frames.slice(0, 0, count);
  const at::Tensor pixels =
      frames.scalar_type() == at::kByte ? model::normalize_frames(some) : some;
  const at::Tensor expected = exact.ptr()->forward(pixels.to(at::kDouble));
  return relative_error(features.slice(0, 0, count), expected);
}

}  // namespace

std::vector<Row> bench_swin(const Options& bench) {
  const c10::Device device = bench.device;
  const torch::NoGradGuard no_grad;
  const auto limits = ceilings(device);
  struct Case {
    const char* name;
    std::int64_t frames;
  };
  const Case cases[] = {{"swin_tiny", 256}, {"swin_tiny", 32}, {"swin_tiny", 1},
                        {"swin_small", 32}, {"swin_base", 32}, {"swin_nano", 256},
                        {"swin_nano", 1}};
  std::vector<Row> rows;
  for (const Case& c : cases) {
    std::optional<double> baseline;
    for (const bool bytes : {false, true}) {
      for (const auto dtype : {at::kBFloat16, at::kHalf}) {
        if (bytes && dtype == at::kHalf) continue;
        for (const char* how : {"", ", graph", ", eager"}) {
          Row row;
          row.name = cat(c.name, " features", how, bytes ? ", from bytes" : "");
          row.shape = cat(c.frames, " frames of ", kSize, " × ", kSize);
          row.dtype = dtype;
          if (!bench.wants(row)) continue;
          try {
            auto net = make_swin(c.name, device, at::kFloat);
            model::SwinInference inference(*net, /*graphs=*/*how == '\0');
            std::vector<at::Tensor> frames;
            const std::int64_t sets = c.frames > 32 ? 2 : 8;
            const auto options = torch::TensorOptions().device(device);
            for (std::int64_t i = 0; i < sets; ++i) {
              frames.push_back(bytes ? torch::randint(0, 256, {c.frames, kSize, kSize, 3},
                                                      options.dtype(at::kByte))
                                     : torch::randn({c.frames, 3, kSize, kSize}, options));
            }
            if (!baseline) {
              const auto trained = make_swin(c.name, device, at::kBFloat16);
              const at::Tensor half = frames[0].to(at::kBFloat16);
              baseline = measure(
                             device, [&](std::int64_t) { trained.ptr()->forward(half); }, 2,
                             std::max<std::int64_t>(3, bench.runs / 3), Launch::kEager)
                             .median;
            }
            row.baseline_ms = baseline;
            row.ms = measure(
                device, [&](std::int64_t i) { inference.features(frames[i], dtype); }, sets,
                bench.runs, how == std::string_view(", graph") ? Launch::kGraph : Launch::kEager);
            if (limits) {
              row.limit_ms = encoder_limit(net->options(), c.frames, kSize,
                                           static_cast<double>(frames[0][0].nbytes()), *limits);
            }
            row.error = error_of(c.name, inference.features(frames[0], dtype), frames[0]);
            rows.push_back(std::move(row));
          } catch (const c10::OutOfMemoryError&) {
            std::cerr << row.name << ", " << row.shape
                      << ": left out, it does not fit in the device's memory\n";
          }
        }
      }
    }
  }
  return rows;
}

}  // namespace omniq::bench
