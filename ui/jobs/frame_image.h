// A decoded frame as a picture.
#pragma once

#include <QImage>
#include <algorithm>
#include <vector>

#include "ui/engine/video_source.h"

namespace omniq::ui {

/// The next frame; null at the end.
inline QImage read_image(VideoSource& source) {
  const int width = source.width(), height = source.height();
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(width) * height * 3);
  if (!source.read(rgb.data())) return {};
  QImage picture(width, height, QImage::Format_RGB888);
  for (int y = 0; y < height; ++y)  // an image's rows are padded to four bytes
    std::copy_n(rgb.data() + static_cast<std::size_t>(y) * width * 3, width * 3,
                picture.scanLine(y));
  return picture;
}

}  // namespace omniq::ui
