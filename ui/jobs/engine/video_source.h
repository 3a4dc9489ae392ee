// data::VideoStream behind a header without torch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/base/result.h"

namespace omniq::ui {

class VideoSource {
 public:
  static Result<VideoSource> open(const std::filesystem::path& path, std::int64_t short_side);
  VideoSource(VideoSource&&) noexcept;
  VideoSource& operator=(VideoSource&&) noexcept;
  ~VideoSource();

  double fps() const;           // 0: not known, or a still image
  std::int64_t frames() const;  // the container's word; 0: not known
  int width() const;
  int height() const;
  std::int64_t position() const;
  bool read(std::uint8_t* rgb);
  Status seek(std::int64_t frame);

 private:
  struct Impl;
  explicit VideoSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace omniq::ui
