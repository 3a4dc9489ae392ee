// From a decoded frame to the model's square input: crop, resize, flip. One window serves all
// frames of a clip.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"

namespace omniq::data {

/// A window of a frame, in whole pixels.
struct Crop {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
  bool flip = false;  // mirror left and right
  bool operator==(const Crop&) const = default;
};

/// The length of the short side before cropping: round(size · 256 / 224).
std::int64_t resized_short_side(std::int64_t size);

/// Height and width of a frame whose short side is resized to `short_side` (0: left as it is).
struct FrameSize {
  std::int64_t height = 0, width = 0;
};
FrameSize resized_frame(std::int64_t height, std::int64_t width, std::int64_t short_side);

/// Training: a window of 0.5 to 1 of the area and an aspect of 3/4 to 4/3 (log-uniform), ten tries,
/// then the largest centred window within that range of aspects; flipped half of the time where
/// `hflip`.
Crop training_crop(std::int64_t height, std::int64_t width, bool hflip, Random& random);

/// Evaluation: size × size at the centre; with three views, left, centre and right of a wide frame
/// (top, centre and bottom of a tall one). The frame must be at least size × size.
Crop evaluation_crop(std::int64_t height, std::int64_t width, std::int64_t size, std::int64_t view,
                     std::int64_t views);

/// Cuts `crop` out of RGB frames and resizes it to size × size: bilinear, widened when shrinking so
/// that it does not alias. Integer arithmetic, so that every machine makes the same bytes.
class CropResize {
 public:
  CropResize(const Crop& crop, std::int64_t size);

  /// `frame`: uint8 RGB rows of `frame_width` pixels; `out`: uint8 [size, size, 3].
  void apply(const std::uint8_t* frame, std::int64_t frame_width, std::uint8_t* out) const;

 private:
  // Output i is the sum over k < taps of weight[i · taps + k] · input[first[i] + k]; weights sum to
  // 2^14.
  struct Axis {
    std::int64_t taps = 0;
    std::vector<std::int32_t> first;
    std::vector<std::int32_t> weight;
  };
  static Axis make_axis(std::int64_t input, std::int64_t output);

  Crop crop_;
  std::int64_t size_;
  Axis rows_, columns_;
};

/// What evaluation cuts out of a resized frame: evaluation_crop, not resized further.
CropResize evaluation_view(std::int64_t height, std::int64_t width, std::int64_t size,
                           std::int64_t view = 0, std::int64_t views = 1);

}  // namespace omniq::data
