#include "core/model/preprocess.h"

#include <torch/types.h>

#include <cstdint>

namespace omniq::model {
namespace {

// All values that a byte of a channel can take.
struct Table {
  float value[3][256];
  Table() {
    for (int c = 0; c < 3; ++c) {
      for (int x = 0; x < 256; ++x) {
        value[c][x] = static_cast<float>((x / 255.0 - kPixelMean[c]) / kPixelStd[c]);
      }
    }
  }
};

void normalize_frame(const std::uint8_t* rgb, std::int64_t pixels, float* out) {
  static const Table table;
  for (std::int64_t i = 0; i < pixels; ++i) {
    out[i] = table.value[0][rgb[3 * i]];
    out[pixels + i] = table.value[1][rgb[3 * i + 1]];
    out[2 * pixels + i] = table.value[2][rgb[3 * i + 2]];
  }
}

at::Tensor channel_row(const std::array<double, 3>& values, const at::Tensor& like) {
  return torch::tensor({values[0], values[1], values[2]}, torch::kFloat)
      .view({3, 1, 1})
      .to(like.device());
}

}  // namespace

at::Tensor normalize_frames(const at::Tensor& rgb) {
  TORCH_CHECK(rgb.scalar_type() == torch::kByte && rgb.dim() >= 3 && rgb.size(-1) == 3,
              "normalize_frames: expected uint8 [..., H, W, 3], got ", rgb.scalar_type(), " ",
              rgb.sizes());
  if (!rgb.is_cpu()) {
    const at::Tensor planes = rgb.movedim(-1, -3).to(
        torch::kFloat, /*non_blocking=*/false, /*copy=*/false, torch::MemoryFormat::Contiguous);
    return planes.div_(255)
        .sub_(channel_row(kPixelMean, rgb))
        .div_(channel_row(kPixelStd, rgb))
        .contiguous();
  }
  const at::Tensor source = rgb.contiguous();
  std::vector<std::int64_t> sizes = source.sizes().vec();
  sizes.insert(sizes.end() - 3, 3);
  sizes.pop_back();
  at::Tensor out = at::empty(sizes, torch::kFloat);
  const std::int64_t pixels = source.size(-3) * source.size(-2);
  const std::int64_t frames = pixels == 0 ? 0 : source.numel() / (3 * pixels);
  const auto* from = source.const_data_ptr<std::uint8_t>();
  auto* to = out.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < frames; ++i)
    normalize_frame(from + i * 3 * pixels, pixels, to + i * 3 * pixels);
  return out;
}

}  // namespace omniq::model
