// data::VideoStream without OpenCV.
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace omniq::ui {

class VideoSource {
 public:
  virtual ~VideoSource() = default;

  virtual double fps() const = 0;           // 0: not known, or a still image
  virtual std::int64_t frames() const = 0;  // the container's word; 0: not known
  virtual int width() const = 0;
  virtual int height() const = 0;
  virtual std::int64_t position() const = 0;
  /// The next frame as RGB rows of [height, width, 3]; false after the last.
  virtual bool read(std::uint8_t* rgb) = 0;
  virtual Status seek(std::int64_t frame) = 0;
};

}  // namespace omniq::ui
