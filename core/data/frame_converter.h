// From a decoded frame to an upright RGB picture. Internal to core/data.
#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "core/base/result.h"
#include "core/data/ffmpeg.h"

namespace omniq::data {

/// What makes a stored frame upright, in this order.
struct Orientation {
  bool transpose = false, mirror = false, upside_down = false;

  /// Of a display matrix (libavutil/display.h), by quarter turns; null is upright.
  static Orientation of(const std::int32_t* matrix);
};

/// Colours by what the stream says of them: matrix and range (video range where it says nothing).
/// Where it names no matrix, that of BT.709 from 1280 pixels of width or more than 576 lines on,
/// else that of BT.601, as players do. The size of frames may change.
class FrameConverter {
 public:
  explicit FrameConverter(Orientation orientation = {}) : orientation_(orientation) {}

  /// `rgb` is valid until the next call. An error (data) where FFmpeg has no way from this pixel
  /// format to RGB.
  Status convert(const AVFrame& frame, cv::Mat& rgb);

 private:
  struct Source {
    int width = 0, height = 0, format = -1, matrix = 0, location = 0;
    bool full_range = false;
    bool operator==(const Source&) const = default;
  };
  Status prepare(const Source& source);

  Orientation orientation_;
  Source source_;
  ffmpeg::Owned<SwsContext> scaler_;
  cv::Mat converted_, turned_;
};

}  // namespace omniq::data
