#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "app/bench/error.h"
#include "app/bench/limits.h"
#include "app/bench/report.h"
#include "app/bench/timing.h"
#include "core/base/text.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/model/preprocess.h"
#include "core/train/step.h"

namespace omniq::bench {
namespace {

std::shared_ptr<model::OmniQ> make_model(const std::string& fusion, c10::Device device) {
  torch::manual_seed(0);
  model::OmniqOptions options;
  options.fusion = fusion;
  options.classes = kClasses;
  auto model = std::make_shared<model::OmniQ>(options);
  model->to(device);
  model->eval();
  return model;
}

// Logits of the first clip against float64.
double error_of(model::OmniQ& net, const std::string& fusion, const at::Tensor& video,
                model::Precision precision) {
  const at::Tensor clip = video.slice(0, 0, 1);
  const auto exact = make_model(fusion, video.device());
  exact->to(at::kDouble);
  const at::Tensor features = exact->backbone().as<model::SwinImpl>()->forward(
      model::normalize_frames(clip.flatten(0, 1)).to(at::kDouble));
  const at::Tensor expected = exact->classify(features.unsqueeze(0));
  return relative_error(net.forward(clip, net.execution(precision, /*training=*/false)), expected);
}

}  // namespace

std::vector<Row> bench_model(const Options& bench) {
  const c10::Device device = bench.device;
  const torch::NoGradGuard no_grad;
  const auto precision = model::choose_precision(device, /*amp=*/true);
  const auto bytes = torch::TensorOptions().device(device).dtype(at::kByte);
  const auto limits = ceilings(device);
  std::vector<Row> rows;
  for (const model::FusionKind& kind : model::fusion_kinds()) {
    const std::string& fusion = kind.name;
    // The last is one new frame, and the clip that it completes.
    for (const std::int64_t clips : {8, 1, 0}) {
      Row row;
      row.name = cat(fusion, clips > 0 ? " logits" : " logits after one new frame");
      row.shape = cat(clips > 0 ? cat("B ", clips, " × ", kFrames, " frames") : "1 frame", " of ",
                      kSize, " × ", kSize);
      row.dtype = model::precision_dtype(precision);
      if (!bench.wants(row)) continue;
      const auto model = make_model(fusion, device);
      auto* encoder = model->backbone().as<model::SwinImpl>();
      std::vector<at::Tensor> video;
      const std::int64_t sets = 2;
      for (std::int64_t i = 0; i < sets; ++i) {
        video.push_back(torch::randint(
            0, 256, {std::max<std::int64_t>(1, clips), clips > 0 ? kFrames : 1, kSize, kSize, 3},
            bytes));
      }
      const at::Tensor others = torch::randn({1, kFrames - 1, encoder->output_width()},
                                             torch::TensorOptions().device(device));
      const model::Execution execution = model->execution(precision, /*training=*/false);
      const auto logits = [&](const at::Tensor& features) {
        return model->classify(clips > 0 ? features : torch::cat({others, features}, 1));
      };
      const auto time = [&](std::int64_t runs, const auto& encode) {
        return measure(
            device,
            [&](std::int64_t i) {
              const model::AutocastScope autocast(device, precision);
              logits(encode(video[i]));
            },
            sets, runs, Launch::kEager);
      };
      row.ms = time(bench.runs, [&](const at::Tensor& v) { return model->encode(v, execution); });
      row.baseline_ms = time(std::max<std::int64_t>(3, bench.runs / 3), [&](const at::Tensor& v) {
                          return encoder->forward(model::normalize_frames(v.flatten(0, 1)))
                              .unflatten(0, {v.size(0), v.size(1)});
                        }).median;
      if (limits) {
        row.limit_ms = encoder_limit(encoder->options(), std::max<std::int64_t>(1, clips * kFrames),
                                     kSize, 3.0 * kSize * kSize, *limits) +
                       fusion_limit(kind, std::max<std::int64_t>(1, clips), kFrames + 1,
                                    model->options().fusion_options, *limits,
                                    model::precision_dtype(precision), 0, Pass::kForward);
      }
      if (clips > 0) row.error = error_of(*model, fusion, video[0], precision);
      rows.push_back(std::move(row));
    }
  }
  const torch::AutoGradMode with_gradients(true);
  for (Row& row : bench_training(bench)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace omniq::bench
