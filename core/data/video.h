// Decoding of video files to RGB frames.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>

#include "core/base/result.h"
#include "core/data/transform.h"

namespace omniq::data {

struct VideoInfo {
  std::int64_t frames = 0;  // the container's word, 0 where it has none; there may be fewer
  double fps = 0;
  std::int64_t width = 0, height = 0;  // after rotation, in pixels
};

/// Opens the file and reads its first frame. A still image is a video of one frame. Errors (code
/// `data`) name the file and the cause: missing, empty, not a video, sound only, truncated, no
/// frame that can be decoded.
Result<VideoInfo> probe_video(const std::filesystem::path& path);

struct VideoLength {
  std::int64_t frames = 0;   // that can be decoded
  std::int64_t claimed = 0;  // as VideoInfo::frames
  double fps = 0;            // 0: not known, or a still image
};

/// Decodes the whole video: what the container says can be wrong. Error `stopped` after a request.
Result<VideoLength> measure_video(const std::filesystem::path& path, std::stop_token stop = {});

/// Frames `indices` (any order, repeats allowed, each ≥ 0) as uint8 RGB [n, H, W, 3], the shorter
/// side resized to `short_side` pixels (0: as decoded). Decodes in order and skips; rotation flags
/// are applied. An index past the true end is an error of code `data` that names the file and its
/// true count. Throws for a negative index.
Result<at::Tensor> decode_frames(const std::filesystem::path& path,
                                 std::span<const std::int64_t> indices, std::int64_t short_side);

/// Resizes an RGB frame, rows of [from], as decoding does. `out`: rows of [to].
void resize_frame(const std::uint8_t* rgb, FrameSize from, std::uint8_t* out, FrameSize to);

/// A video frame by frame, as it is played.
class VideoStream {
 public:
  /// Frames come with the shorter side resized to `short_side` pixels (0: as decoded).
  static Result<VideoStream> open(const std::filesystem::path& path, std::int64_t short_side);
  VideoStream(VideoStream&&) noexcept;
  VideoStream& operator=(VideoStream&&) noexcept;
  ~VideoStream();

  const VideoInfo& info() const;
  std::int64_t width() const;
  std::int64_t height() const;
  /// The frame that read() gives next.
  std::int64_t position() const;
  /// Writes a frame, RGB rows of [height, width, 3]; false at the end.
  bool read(std::uint8_t* rgb);
  /// Moves to a frame, or to the end where there is none such. Backwards, it jumps where the file
  /// can: containers' own seeking is not exact, so that what it lands on must be the same picture
  /// at the same time as before; else it decodes from the first frame again.
  Status seek(std::int64_t frame);

 private:
  struct Impl;
  explicit VideoStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace omniq::data
