// Small videos whose frames say which frame they are.
#pragma once

#include <filesystem>
#include <functional>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <stdexcept>
#include <string>

namespace omniq::data::test {

/// Writes frames made by `paint(frame number, BGR picture)`.
inline void write_video(const std::filesystem::path& path, int frames, cv::Size size,
                        const std::function<void(int, cv::Mat&)>& paint,
                        const std::string& fourcc = "mp4v") {
  std::filesystem::create_directories(path.parent_path());
  cv::VideoWriter writer(path.string(), cv::CAP_FFMPEG,
                         cv::VideoWriter::fourcc(fourcc[0], fourcc[1], fourcc[2], fourcc[3]), 25,
                         size);
  if (!writer.isOpened()) throw std::runtime_error("no encoder for " + path.string());
  for (int i = 0; i < frames; ++i) {
    cv::Mat picture(size, CV_8UC3, cv::Scalar::all(0));
    paint(i, picture);
    writer.write(picture);
  }
}

/// Frame i shows i in binary: eight bands from top to bottom, the outer two grey, between them six
/// bits, white for
/// 1. Neither compression nor scaling changes that.
inline void write_counting_video(const std::filesystem::path& path, int frames,
                                 cv::Size size = {64, 48}, const std::string& fourcc = "mp4v") {
  write_video(
      path, frames, size,
      [](int frame, cv::Mat& picture) {
        picture = cv::Scalar::all(128);
        for (int bit = 0; bit < 6; ++bit) {
          const cv::Range band((bit + 1) * picture.rows / 8, (bit + 2) * picture.rows / 8);
          picture.rowRange(band) = cv::Scalar::all((frame >> bit & 1) != 0 ? 235 : 20);
        }
      },
      fourcc);
}

/// The number that a frame of a counting video shows. `brightness` says how bright the middle of a
/// row is; `visible` is the part of the height that a centre crop has left.
inline int read_count(const std::function<double(int row)>& brightness, int rows, double visible) {
  int number = 0;
  for (int bit = 0; bit < 6; ++bit) {
    const double centre = ((bit + 1.5) / 8 - 0.5) / visible + 0.5;
    number |= (brightness(static_cast<int>(centre * rows)) > 128 ? 1 : 0) << bit;
  }
  return number;
}

}  // namespace omniq::data::test
