// Videos of every kind, written by the ffmpeg program, whose frames say which frame they are.
#pragma once

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/text.h"

namespace omniq::data::test {

inline bool have_ffmpeg() {
  static const bool have = std::system("ffmpeg -version >/dev/null 2>&1") == 0;
  return have;
}

/// Frame `number` as RGB rows of [height, width, 3]: its eight bits across the middle, white for 1,
/// and a corner each in red (top left), green (top right) and blue (bottom left).
inline std::string numbered_frame(int number, int width, int height) {
  std::string rgb(static_cast<std::size_t>(width * height * 3), static_cast<char>(90));
  const auto fill = [&](int left, int top, int right, int bottom, int r, int g, int b) {
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        char* pixel = &rgb[static_cast<std::size_t>((y * width + x) * 3)];
        pixel[0] = static_cast<char>(r);
        pixel[1] = static_cast<char>(g);
        pixel[2] = static_cast<char>(b);
      }
    }
  };
  const int corner = height / 5;
  fill(0, 0, corner, corner, 220, 30, 30);
  fill(width - corner, 0, width, corner, 30, 200, 30);
  fill(0, height - corner, corner, height, 30, 30, 220);
  for (int bit = 0; bit < 8; ++bit) {
    const int value = (number >> bit & 1) != 0 ? 235 : 16;
    fill(width * (bit + 1) / 10, height * 3 / 8, width * (bit + 2) / 10, height * 5 / 8, value,
         value, value);
  }
  return rgb;
}

/// The number that a frame [h, w, 3] shows, whatever its size.
inline int number_of(const at::Tensor& frame) {
  const std::int64_t height = frame.size(0), width = frame.size(1);
  int number = 0;
  for (int bit = 0; bit < 8; ++bit) {
    const at::Tensor part = frame.narrow(0, height * 7 / 16, height / 8)
                                .narrow(1, width * (4 * bit + 5) / 40, width / 20);
    number |= (part.to(at::kDouble).mean().item<double>() > 125 ? 1 : 0) << bit;
  }
  return number;
}

inline void run_ffmpeg(const std::string& words) {
  const std::string command = "ffmpeg -v error -y " + words + " </dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

/// The frames that the ffmpeg program decodes of a file's first video stream.
inline std::int64_t frames_by_ffmpeg(const std::filesystem::path& path) {
  const std::filesystem::path list = path.string() + ".framecrc";
  run_ffmpeg("-i " + path.string() + " -map 0:v:0 -fps_mode passthrough -f framecrc " +
             list.string() + " 2>/dev/null");
  std::int64_t frames = 0;
  std::ifstream in(list);
  for (std::string line; std::getline(in, line);) frames += line.starts_with("#") ? 0 : 1;
  return frames;
}

/// Writes `frames` numbered frames at 25 a second; `options` are ffmpeg's for the output.
inline std::filesystem::path write_media(const std::filesystem::path& path,
                                         const std::string& options, int frames = 60,
                                         int width = 160, int height = 120) {
  const std::string command =
      cat("SVT_LOG=1 ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -r 25 -s ", width, "x", height,
          " -i - ", options, " '", path.string(), "'");
  std::FILE* const pipe = ::popen(command.c_str(), "w");
  for (int i = 0; pipe != nullptr && i < frames; ++i) {
    const std::string frame = numbered_frame(i, width, height);
    std::fwrite(frame.data(), 1, frame.size(), pipe);
  }
  if (pipe == nullptr || ::pclose(pipe) != 0) throw std::runtime_error("failed: " + command);
  return path;
}

}  // namespace omniq::data::test
