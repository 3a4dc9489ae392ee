// Reads a video file frame by frame, by FFmpeg's libraries. Internal to core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "core/base/result.h"
#include "core/data/demuxer.h"
#include "core/data/frame_converter.h"
#include "core/data/transform.h"
#include "core/data/video.h"
#include "core/data/video_decoder.h"

namespace omniq::data {

/// Resizes to the size that `to` has.
void resize_into(const cv::Mat& from, cv::Mat& to);

/// Stands on a frame, the first one to begin with. A still image is a video of one frame.
class VideoReader {
 public:
  static Result<VideoReader> open(const std::filesystem::path& path, int threads,
                                  const std::stop_token& stop = {});

  const VideoInfo& info() const { return info_; }
  std::int64_t position() const { return position_; }
  /// Of the current frame, in seconds, as the file has it.
  double time() const;

  /// Moves to the next frame; false at the end of the file.
  bool advance();
  /// Writes the current frame as RGB, resized to `size`. An error (data): see FrameConverter.
  Status copy(FrameSize size, std::uint8_t* out);
  /// Moves to `frame`, exactly, or to the last one: what comes after a key frame that was decoded
  /// before, or that the file's times promise, is decoded from there.
  Status seek(std::int64_t frame);

  /// How many frames, from the first one on, are certain to be as many as their packets: all that
  /// were sent to the decoder came back. What is decoded beyond that may be fewer than info()
  /// says. Of frames decoded in order, from the first.
  std::int64_t confirmed() const { return confirmed_; }
  /// What is wrong with the file, as far as it was decoded.
  VideoFault fault() const;
  /// Packets that could not be decoded: with several threads, which ones is a matter of chance.
  bool stumbled() const { return !image_ && decoder_->errors() > 0; }

 private:
  VideoReader() = default;
  Status open_stream(int threads);
  Status convert();
  void note();
  Status rewind();
  bool land_on(std::int64_t anchor);

  struct Shown {
    std::int64_t packet = -1;  // its number; −1: the decoder does not say
    bool key = false;
  };

  std::filesystem::path path_;
  std::optional<Demuxer> demuxer_;
  std::optional<VideoDecoder> decoder_;
  FrameConverter converter_;
  const AVFrame* frame_ = nullptr;
  cv::Mat current_;         // RGB, upright
  bool converted_ = false;  // whether current_ holds the frame at position_
  bool image_ = false;

  VideoInfo info_;
  std::int64_t position_ = 0, confirmed_ = 0, highest_ = -1;
  bool jumps_ = true, jumped_ = false;  // whether it may; whether it did since the first frame
  std::vector<Shown> order_;  // of the frames, as they were decoded or, beyond that, are promised
};

}  // namespace omniq::data
