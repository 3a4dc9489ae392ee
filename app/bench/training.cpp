#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
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
#include "core/model/device.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/model/preprocess.h"
#include "core/train/adamw.h"
#include "core/train/step.h"

namespace omniq::bench {
namespace {

constexpr std::int64_t kClips = 8;

struct Case {
  const char* fusion;
  model::Trainable trainable;
  const char* name;
  bool recompute = false;
};

// A model with its optimiser, and what it trains on.
class Training {
 public:
  Training(const Case& of, c10::Device device)
      : device_(device), model_(make(of, device)), optimizer_({trainable(*model_)}, {}) {
    const auto options = torch::TensorOptions().device(device);
    video_ = torch::randint(0, 256, {kClips, kFrames, kSize, kSize, 3}, options.dtype(at::kByte));
    labels_ = torch::randint(0, kClasses, {kClips}, options.dtype(at::kLong));
  }

  model::OmniQ& model() { return *model_; }
  model::SwinImpl& encoder() { return *model_->backbone().as<model::SwinImpl>(); }

  // As a training step does it, or with the encoder by torch operators.
  void step(model::Precision precision, bool kernels) {
    backward(precision, kernels, video_, labels_);
    const torch::NoGradGuard no_grad;
    optimizer_.step(1);
    optimizer_.zero_grad();
  }

  // The gradients of one clip, in one row: without anything random.
  at::Tensor gradients(model::Precision precision, bool kernels) {
    model_->eval();
    backward(precision, kernels, video_.slice(0, 0, 1), labels_.slice(0, 0, 1));
    std::vector<at::Tensor> all;
    for (const at::Tensor& g : optimizer_.gradients()) all.push_back(g.flatten());
    optimizer_.zero_grad();
    model_->train();
    return torch::cat(all);
  }

 private:
  static std::shared_ptr<model::OmniQ> make(const Case& of, c10::Device device) {
    torch::manual_seed(0);
    model::OmniqOptions options;
    options.fusion = of.fusion;
    options.classes = kClasses;
    options.recompute = of.recompute;
    auto model = std::make_shared<model::OmniQ>(options);
    model->set_trainable(of.trainable, {}, /*head_adapter=*/false);
    model->to(device);
    model->train();
    return model;
  }

  static train::ParameterGroup trainable(const model::OmniQ& model) {
    train::ParameterGroup group;
    group.peak_lr = 1e-6;  // not to change what is measured
    for (const auto& item : model.named_parameters()) {
      if (!item.value().requires_grad()) continue;
      group.names.push_back(item.key());
      group.parameters.push_back(item.value());
    }
    return group;
  }

  at::Tensor encode_by_operators(const at::Tensor& video) {
    const torch::AutoGradMode grad(!model_->backbone_frozen());
    return encoder()
        .forward(model::normalize_frames(video.flatten(0, 1)))
        .unflatten(0, {video.size(0), video.size(1)});
  }

  void backward(model::Precision precision, bool kernels, const at::Tensor& video,
                const at::Tensor& labels) {
    at::Tensor logits;
    {
      const model::TrainingPass pass(*model_, {0, 0, torch::arange(labels.size(0)).to(device_)});
      const model::AutocastScope autocast(device_, precision);
      const auto execution = model_->execution(precision, /*training=*/true);
      logits =
          model_->classify(kernels ? model_->encode(video, execution) : encode_by_operators(video));
    }
    torch::cross_entropy_loss(logits.to(at::kFloat), labels).backward();
  }

  c10::Device device_;
  std::shared_ptr<model::OmniQ> model_;
  train::AdamW optimizer_;
  at::Tensor video_, labels_;
};

// Three forward passes of what trains, one of what is frozen, and each trained parameter with its
// gradient and moments read and written by the update.
double limit_of(const Case& of, Training& training, at::ScalarType dtype, const Ceilings& c) {
  const bool all = of.trainable == model::Trainable::all;
  const double encoder =
      encoder_limit(training.encoder().options(), kClips * kFrames, kSize, 3.0 * kSize * kSize, c);
  const double parameters = static_cast<double>(training.model().count_parameters().trainable);
  return encoder * (all ? 3 : 1) +
         fusion_limit(*model::find_fusion(of.fusion), kClips, kFrames + 1,
                      training.model().options().fusion_options, c, dtype, 0,
                      all ? Pass::kBackward : Pass::kBackwardFrozenRates) +
         28 * parameters / c.bytes;
}

Row measured(Row row, const Case& of, const Options& bench, const Ceilings& limits) {
  const auto precision = model::choose_precision(bench.device, /*amp=*/true);
  const auto time = [&](bool kernels, std::optional<std::int64_t>& peak, std::int64_t runs) {
    Training training(of, bench.device);
    // Those of other rows: cuBLAS has one for each thread and stream, and a row has its own
    // streams.
    at::cuda::clearCublasWorkspaces();
    model::reset_peak_memory(bench.device);
    const Timing ms = measure(
        bench.device, [&](std::int64_t) { training.step(precision, kernels); }, 1, runs,
        Launch::kEager);
    if (const auto memory = model::device_memory(bench.device)) peak = memory->allocated;
    return ms;
  };
  row.ms = time(true, row.peak_bytes, bench.runs);
  try {
    row.baseline_ms =
        time(false, row.baseline_peak_bytes, std::max<std::int64_t>(3, bench.runs / 3)).median;
  } catch (const c10::OutOfMemoryError&) {
    std::cerr << row.name << ": without its baseline, which does not fit in the device's memory\n";
  }
  Training training(of, bench.device);
  row.limit_ms = limit_of(of, training, model::precision_dtype(precision), limits);
  const at::Tensor exact = training.gradients(model::Precision::float32, /*kernels=*/false);
  const at::Tensor actual = training.gradients(precision, /*kernels=*/true);
  row.error = relative_error(actual, exact);
  return row;
}

}  // namespace

std::vector<Row> bench_training(const Options& bench) {
  if (!bench.device.is_cuda()) {
    std::cerr << "Steps of training are measured on a GPU only: elsewhere the encoder trains by "
                 "torch operators, which are the baseline.\n";
    return {};
  }
  const Ceilings limits = ceilings(bench.device).value();
  const Case cases[] = {{"average", model::Trainable::all, "everything trains"},
                        {"average", model::Trainable::all, "everything, recomputed", true},
                        {"mamba", model::Trainable::all, "everything trains"},
                        {"mamba", model::Trainable::lora, "adapters and head train"}};
  std::vector<Row> rows;
  for (const Case& c : cases) {
    Row row;
    row.name = cat(c.fusion, " step, ", c.name);
    row.shape = cat("B ", kClips, " × ", kFrames, " frames of ", kSize, " × ", kSize);
    row.dtype = model::precision_dtype(model::choose_precision(bench.device, /*amp=*/true));
    if (!bench.wants(row)) continue;
    try {
      rows.push_back(measured(row, c, bench, limits));
    } catch (const c10::OutOfMemoryError&) {
      std::cerr << row.name << ": left out, it does not fit in the device's memory\n";
    }
  }
  return rows;
}

}  // namespace omniq::bench
