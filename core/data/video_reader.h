// Reads a video file frame by frame, by OpenCV. Internal to core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <vector>

#include "core/base/result.h"
#include "core/data/transform.h"
#include "core/data/video.h"

namespace omniq::data {

/// Resizes to the size that `to` has.
void resize_into(const cv::Mat& from, cv::Mat& to);

/// There is a video stream, but nothing in it.
Error no_frame_error(const std::filesystem::path& path);

/// Stands on a frame, the first one to begin with. A still image is a video of one frame.
class VideoReader {
 public:
  static Result<VideoReader> open(const std::filesystem::path& path);
  /// The same file from its first frame, with what is known of it.
  static Result<VideoReader> reopen(VideoReader&& old);

  const VideoInfo& info() const { return info_; }
  std::int64_t position() const { return position_; }

  /// Moves to the next frame; false at the end of the file.
  bool advance();
  /// Writes the current frame as RGB, resized to `size`. False where the decoder cannot hand it
  /// over.
  bool copy(FrameSize size, std::uint8_t* out);

  /// From here on (the first frame), remembers what jump_back needs: it costs looking at the
  /// frames.
  void remember();
  /// Moves back to `frame`, or to the last one that was passed. Needs remember(). False: the file's
  /// own seeking cannot be trusted, and where the reader stands is not known.
  bool jump_back(std::int64_t frame);

 private:
  VideoReader() = default;
  bool retrieve();
  void note_frame();
  bool land_on(std::int64_t frame);
  std::int64_t claimed_frames() const;

  struct Seen {
    double time = -1;           // in milliseconds, as the container has it
    std::uint64_t picture = 0;  // its fingerprint; 0 where it was only passed
  };

  std::filesystem::path path_;
  cv::VideoCapture capture_;
  std::vector<Seen> seen_;  // a frame each, as far as decoding in order has come
  bool remembers_ = false;
  bool jumps_ = true;                    // the file's own seeking has been right so far
  cv::Mat decoded_, current_, resized_;  // BGR: as stored, upright, resized
  VideoInfo info_;
  std::int64_t position_ = 0;
  int turn_ = 0;           // quarter turns clockwise that make a frame upright
  bool retrieved_ = true;  // whether current_ holds the frame at position_
  bool image_ = false;
};

}  // namespace omniq::data
