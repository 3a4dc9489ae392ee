// Decoding of video files to RGB frames.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "core/base/result.h"
#include "core/data/transform.h"

namespace omniq::data {

struct VideoInfo {
  std::int64_t frames = 0;             // as its packets promise, those of headers left aside
  double fps = 0;                      // the mean rate; 0: not known, or a still image
  std::int64_t width = 0, height = 0;  // in square pixels, after rotation: of its first frame
};

/// Why only a part of a video can be decoded. What is decoded is used all the same.
struct VideoFault {
  std::string what;      // "" where nothing is wrong
  bool cut_off = false;  // the file ends early; else it is damaged midway

  std::string text() const { return (cut_off ? "was cut off: " : "is damaged: ") + what; }
};

/// All threads of the machine, for one file that somebody waits for.
int all_threads();

/// Opens the file, reads its packets to the end, and decodes its first frame. A still image is a
/// video of one frame. Errors (code `data`) name the file and the cause: missing, empty, not a
/// video, sound only, truncated, no frame that can be decoded.
Result<VideoInfo> probe_video(const std::filesystem::path& path);

struct VideoLength {
  std::int64_t frames = 0;  // that can be decoded
  double seconds = 0;       // by their times; 0 of a still image
  VideoFault fault;
};

/// Decodes the whole video, by `threads`. Error `stopped` after a request.
Result<VideoLength> measure_video(const std::filesystem::path& path, int threads = all_threads(),
                                  std::stop_token stop = {});

/// Frames `indices` (any order, repeats allowed, each ≥ 0) as uint8 RGB [n, H, W, 3], the shorter
/// side resized to `short_side` pixels (0: as decoded, pixels made square). Decodes in order and
/// skips; rotation is applied, colours are converted by what the stream says of them
/// (frame_converter.h), and frames of another size than the first get its size. An index past the
/// true end is an error of code `data` that names the file and its true count. Throws for a
/// negative index.
Result<at::Tensor> decode_frames(const std::filesystem::path& path,
                                 std::span<const std::int64_t> indices, std::int64_t short_side);

/// Resizes an RGB frame, rows of [from], as decoding does. `out`: rows of [to].
void resize_frame(const std::uint8_t* rgb, FrameSize from, std::uint8_t* out, FrameSize to);

/// Writes an RGB picture, rows of [size].
Status write_png(const std::filesystem::path& path, const std::uint8_t* rgb, FrameSize size);

/// A video frame by frame, as it is played.
class VideoStream {
 public:
  /// Frames come as decode_frames gives them; all threads work on them.
  static Result<VideoStream> open(const std::filesystem::path& path, std::int64_t short_side);
  VideoStream(VideoStream&&) noexcept;
  VideoStream& operator=(VideoStream&&) noexcept;
  ~VideoStream();

  const VideoInfo& info() const;
  std::int64_t width() const;
  std::int64_t height() const;
  /// The frame that read() gives next.
  std::int64_t position() const;
  /// Writes a frame, RGB rows of [height, width, 3]; false at the end. Where that is not all there
  /// should be, the log says so, once.
  bool read(std::uint8_t* rgb);
  /// Moves to a frame, exactly, or to the end where there is none such: by decoding from the key
  /// frame before it, where the file's seeking lands on that, else from the first one.
  Status seek(std::int64_t frame);

 private:
  struct Impl;
  explicit VideoStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace omniq::data
