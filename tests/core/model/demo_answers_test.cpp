// A classifier that has learnt the demo's classes gives the same answers in half precision.
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/data/demo_scene.h"
#include "core/model/device.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/train/objectives/classification.h"
#include "core/train/schedule.h"
#include "core/train/step.h"
#include "tests/core/train/one_group.h"

namespace omniq::model {
namespace {

constexpr std::int64_t kClasses = data::kDemoClasses.size(), kFrames = 8, kSize = 32;

struct Clips {
  at::Tensor video, labels;  // uint8 [n, kFrames, kSize, kSize, 3], int64 [n]
};

Clips demo_clips(std::int64_t each_class, bool test, c10::Device device) {
  std::vector<at::Tensor> clips;
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < each_class * kClasses; ++i) {
    labels.push_back(i % kClasses);
    auto pixels = data::render_process(
        data::draw_process(/*seed=*/1, labels.back(), i / kClasses, test), kFrames, kSize);
    clips.push_back(
        torch::from_blob(pixels.data(), {kFrames, kSize, kSize, 3}, torch::kByte).clone());
  }
  return {torch::stack(clips).to(device), torch::tensor(labels).to(device)};
}

/// As configs/demo-mamba.yaml, in which the fusion is as wide as the encoder.
std::shared_ptr<OmniQ> train_demo_model(const Clips& clips, c10::Device device) {
  torch::manual_seed(1);
  OmniqOptions options;
  options.seed = 1;
  options.backbone = "swin_nano";
  options.stochastic_depth = 0;
  options.fusion = "mamba";
  options.fusion_options.width = swin_options(options.backbone)->output_width();
  options.fusion_options.d_state = 16;
  options.classes = kClasses;
  options.init_std = 0.1;
  options.position_std = 0.3;
  auto model = std::make_shared<OmniQ>(options);
  model->to(device);
  model->train();
  train::AdamW optimizer({train::one_group(*model, 1e-3)}, {.beta2 = 0.98});
  train::Classification objective(*model, model::Precision::float32, /*label_smoothing=*/0.1, 0);
  train::TrainStep step(objective, optimizer, {device});
  constexpr std::int64_t kEpochs = 20, kBatch = 8;
  const std::int64_t batches = clips.labels.size(0) / kBatch;
  at::Tensor order;
  for (std::int64_t i = 0; i < kEpochs * batches; ++i) {
    if (i % batches == 0) order = torch::randperm(clips.labels.size(0)).to(device);
    const at::Tensor chosen = order.narrow(0, i % batches * kBatch, kBatch);
    step.accumulate(std::vector{train::ClipBatch{clips.video.index_select(0, chosen),
                                                 clips.labels.index_select(0, chosen), chosen}},
                    i);
    step.update(train::learning_rate_factor(i, kEpochs * batches, /*warmup=*/0.05));
  }
  model->eval();
  return model;
}

at::Tensor answers(OmniQ& model, const Clips& clips, model::Precision precision) {
  const torch::NoGradGuard no_grad;
  const Execution execution = model.execution(precision, /*training=*/false);
  std::vector<at::Tensor> best;
  for (const at::Tensor& batch : clips.video.split(40))
    best.push_back(model.forward(batch, execution).argmax(1));
  return torch::cat(best);
}

double percent_equal(const at::Tensor& a, const at::Tensor& b) {
  return 100 * a.eq(b).to(at::kDouble).mean().item<double>();
}

// The CPU computes in float32 alone.
TEST(DemoAnswersCuda, AreTheSameInHalfPrecision) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device";
  const c10::Device device(at::kCUDA);
  const auto model = train_demo_model(demo_clips(40, /*test=*/false, device), device);
  const Clips clips = demo_clips(250, /*test=*/true, device);
  const at::Tensor expected = answers(*model, clips, model::Precision::float32);
  // A model that has learnt nothing has no answers to change.
  EXPECT_GE(percent_equal(expected, clips.labels), 80);
  std::vector<model::Precision> precisions = {model::Precision::float16};
  if (supports_bfloat16(device)) precisions.push_back(model::Precision::bfloat16);
  for (const model::Precision precision : precisions) {
    EXPECT_GE(percent_equal(answers(*model, clips, precision), expected), 99.5)
        << model::precision_name(precision);
  }
}

}  // namespace
}  // namespace omniq::model
