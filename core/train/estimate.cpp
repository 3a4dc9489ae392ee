#include "core/train/estimate.h"

#include <algorithm>

#include "core/config/settings.h"
#include "core/model/swin_options.h"

namespace omniq::train {
namespace {

using model::FusionSize;
using model::SwinOptions;

std::int64_t round_up(std::int64_t value, std::int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

/// Parameters of a linear layer's adapter.
std::int64_t adapter_parameters(const FusionSize::Linear& layer, std::int64_t rank) {
  const std::int64_t most = std::max<std::int64_t>(1, std::min(layer.in, layer.out) / 2);
  return std::min(rank, most) * (layer.in + layer.out);
}

/// Bytes of the float32 residual stream, and of everything else.
struct Widths {
  double residual = 4, other = 4;
};

/// What the encoder keeps of one frame for the backward pass.
double kept_by_encoder(const SwinOptions& swin, std::int64_t size, const Widths& bytes) {
  double all = 0;
  std::int64_t side = size / swin.patch;
  for (std::size_t stage = 0; stage < swin.depths.size(); ++stage) {
    const double channels = static_cast<double>(swin.width << stage);
    const double tokens = static_cast<double>(side * side);
    const std::int64_t padded_side = round_up(side, swin.window);
    const double padded = static_cast<double>(padded_side * padded_side);
    const double residuals = 2 * tokens * channels;
    // The inputs of qkv and proj, and q, k, v, stand in windows.
    const double windows = 5 * padded * channels;
    const double feed_forward = (1 + 4 + 4) * tokens * channels;
    const double attention =
        padded * static_cast<double>(swin.heads[stage] * swin.window * swin.window);
    all += static_cast<double>(swin.depths[stage]) *
           (bytes.residual * residuals + bytes.other * (windows + feed_forward + attention));
    if (stage + 1 < swin.depths.size())  // the merged patches: the norm's input, the layer's
      all += (bytes.residual + bytes.other) * tokens * channels;
    side = (side + 1) / 2;
  }
  return all;
}

/// Alive at once in the first stage's feed-forward layer, of one frame.
double passing_through_encoder(const SwinOptions& swin, std::int64_t size, const Widths& bytes) {
  const double side = static_cast<double>(size / swin.patch);
  const double values = side * side * static_cast<double>(swin.width);
  // The block's input, the attended, the normed; the attention's result, 4C twice, C.
  return values * (3 * bytes.residual + (1 + 4 + 4 + 1) * bytes.other);
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

  const bool mixed = gpu && e.train.amp;
  const Widths bytes{4, mixed ? 2.0 : 4.0};
  const auto trainable = static_cast<double>(estimate.trainable);
  estimate.weights = 4 * static_cast<double>(estimate.parameters) + (mixed ? 2 * trainable : 0);
  estimate.gradients = 4 * trainable;
  estimate.optimizer = 8 * trainable;
  const bool encoder_trains = e.train.trainable == "all";
  const double pixels = 3 * static_cast<double>(e.size * e.size);
  // As bytes, normalised, and as the patches that the first layer reads.
  const double frame = pixels * (1 + 4 + bytes.other) +
                       (encoder_trains ? kept_by_encoder(*swin, e.size, bytes)
                                       : passing_through_encoder(*swin, e.size, bytes));
  const auto frames = static_cast<double>(e.train.batch_size * e.frames);
  const auto tokens =
      static_cast<double>(e.train.batch_size * (e.frames + (fusion->sequence ? 1 : 0)));
  estimate.activations = frames * frame + 4 * tokens * static_cast<double>(size.values);
  return estimate;
}

std::int64_t steps_per_epoch(const config::Experiment& e, std::int64_t clips) {
  const std::int64_t batches = round_up(clips, e.train.batch_size) / e.train.batch_size;
  return round_up(batches, e.train.accum_steps) / e.train.accum_steps;
}

}  // namespace omniq::train
