#include "core/model/swin/kernel_path.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <array>

#include "core/base/text.h"
#include "core/model/preprocess.h"
#include "kernels/patch_rows/patch_rows.h"
#include "kernels/window_attention/window_attention.h"

namespace omniq::model::swin {
namespace {

/// As the end of a sentence; "" for none.
std::string attention_without_kernel(const SwinOptions& options) {
  for (std::size_t i = 0; i < options.heads.size(); ++i) {
    const std::int64_t head_width = (options.width << i) / options.heads[i];
    if (kernels::has_window_attention(options.window, head_width)) continue;
    return cat("; attention in windows of ", options.window, " with heads of ", head_width,
               " by torch operators");
  }
  return {};
}

}  // namespace

PatchLayer patch_layer(const at::Tensor& weight, const at::Tensor& bias, bool bytes) {
  if (!bytes) return {weight.flatten(1), bias};
  const auto of_channels = [&](const std::array<double, 3>& values) {
    return torch::tensor({values[0], values[1], values[2]}, torch::kDouble)
        .view({1, 3, 1, 1})
        .to(weight.device());
  };
  const at::Tensor w = weight.to(at::kDouble) / of_channels(kPixelStd);
  const at::Tensor centre = kernels::kByteCentre / 255 - of_channels(kPixelMean);
  return {(w * (kernels::kByteScale / 255)).permute({0, 2, 3, 1}).flatten(1),
          bias.to(at::kDouble) + (w * centre).sum({1, 2, 3})};
}

void check_frames(const char* encoder, const SwinOptions& options, const at::Tensor& frames) {
  const bool bytes = frames.scalar_type() == at::kByte;
  TORCH_CHECK(frames.dim() == 4 && (bytes || frames.is_floating_point()) &&
                  frames.size(bytes ? 3 : 1) == options.in_channels &&
                  (!bytes || options.in_channels == 3),
              encoder, ": frames must be floating [n, ", options.in_channels,
              ", H, W] or uint8 [n, H, W, 3], got ", frames.scalar_type(), " ", frames.sizes());
}

std::string describe(EncoderPath path, const SwinOptions& options) {
  if (path == EncoderPath::operators) return "torch operators";
  return cat("kernels, ",
             path == EncoderPath::inference ? "GELU to 1e-3" : "residual stream in half precision",
             path == EncoderPath::recomputed
                 ? ", attention and MLP computed again in the backward pass"
                 : "",
             attention_without_kernel(options));
}

}  // namespace omniq::model::swin
