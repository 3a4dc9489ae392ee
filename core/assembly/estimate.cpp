#include "core/assembly/estimate.h"

#include <algorithm>

#include "core/config/settings.h"
#include "core/model/swin/memory.h"

namespace omniq::assembly {
namespace {

using model::FusionSize;

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Parameters of a linear layer's adapter.
std::int64_t adapter_parameters(const FusionSize::Linear& layer, std::int64_t rank) {
  const std::int64_t most = std::max<std::int64_t>(1, std::min(layer.in, layer.out) / 2);
  return std::min(rank, most) * (layer.in + layer.out);
}

bool in_mixed_precision(const config::Experiment& e, bool gpu) { return gpu && e.train.amp; }

model::EncoderPath encoder_path(const config::Experiment& e, bool gpu, bool trains) {
  return model::choose_encoder_path({in_mixed_precision(e, gpu), trains, e.train.recompute});
}

}  // namespace

MemoryEstimate estimate_memory(const config::Experiment& e, std::int64_t classes, bool gpu) {
  MemoryEstimate estimate;
  const auto swin = model::swin_options(e.vision_backbone);
  const auto* fusion = model::find_fusion(e.fusion.name);
  if (!swin || !fusion) return estimate;
  if (e.num_classes > 0) classes = e.num_classes;
  const model::FusionOptions options = config::fusion_options(e);
  const FusionSize size = fusion->size(options);
  const std::int64_t width = fusion->sequence ? options.width : swin->output_width();

  const std::int64_t encoder = model::swin_parameters(*swin);
  const FusionSize::Linear head{width, classes, true};
  const std::int64_t head_parameters = (width + 1) * classes;
  std::int64_t behind = size.other + head_parameters;
  for (const FusionSize::Linear& layer : size.linears)
    behind += layer.in * layer.out + (layer.bias ? layer.out : 0);
  if (fusion->sequence) {
    behind += (1 + e.fusion.max_frames + 1 + 2) * width;  // class token, positions, types
    if (width != swin->output_width()) behind += swin->output_width() * width;
  }
  estimate.parameters = encoder + behind;
  if (e.train.trainable == "all") {
    estimate.trainable = estimate.parameters;
  } else if (e.train.trainable == "fusion") {
    estimate.trainable = behind;
  } else {
    std::int64_t adapters = 0;
    for (const FusionSize::Linear& layer : size.linears)
      adapters += adapter_parameters(layer, e.lora.r);
    if (e.lora.head == "lora") adapters += adapter_parameters(head, e.lora.r);
    estimate.parameters += adapters;
    estimate.trainable = adapters + (e.lora.head == "full" ? head_parameters : 0);
  }

  const auto trainable = static_cast<double>(estimate.trainable);
  estimate.weights =
      (in_mixed_precision(e, gpu) ? 4 + 2 : 4) * static_cast<double>(estimate.parameters);
  estimate.gradients = 4 * trainable;
  estimate.optimizer = 8 * trainable;
  const auto tokens =
      static_cast<double>(e.train.batch_size * (e.frames + (fusion->sequence ? 1 : 0)));
  const double of_fusion = 4 * tokens * static_cast<double>(size.values);
  if (e.train.trainable == "all") {
    const auto path = encoder_path(e, gpu, /*trains=*/true);
    const double frame = model::encoder_training_bytes(*swin, e.size, path);
    estimate.activations = static_cast<double>(e.train.batch_size * e.frames) * frame + of_fusion;
  } else {
    estimate.activations = std::max(evaluation_activations(e, e.train.batch_size, gpu), of_fusion);
  }
  return estimate;
}

double evaluation_activations(const config::Experiment& e, std::int64_t clips, bool gpu) {
  const auto swin = model::swin_options(e.vision_backbone);
  if (!swin) return 0;
  return static_cast<double>(clips * e.frames) *
         model::encoder_inference_bytes(*swin, e.size, encoder_path(e, gpu, /*trains=*/false));
}

std::int64_t steps_per_epoch(const config::Experiment& e, std::int64_t clips) {
  const std::int64_t batches = round_up(clips, e.train.batch_size) / e.train.batch_size;
  return round_up(batches, e.train.accum_steps) / e.train.accum_steps;
}

}  // namespace omniq::assembly
