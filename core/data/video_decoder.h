// From the packets of a video to its frames, as the codec stores them. Internal to core/data.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/data/demuxer.h"
#include "core/data/ffmpeg.h"

namespace omniq::data {

class VideoDecoder {
 public:
  /// `threads` ≥ 1 work on one file. `name`: of the file, for the error (data) where this build of
  /// FFmpeg has no such decoder.
  static Result<VideoDecoder> open(const AVStream& stream, int threads, const std::string& name);

  /// The next frame in the order of showing, until the next call; its pts is the number of its
  /// packet, or AV_NOPTS_VALUE. What cannot be decoded is passed over. Null at the end.
  const AVFrame* next(Demuxer& demuxer);
  /// Before the demuxer goes on from another place.
  void restart();

  /// Packets that could not be decoded, from the first frame on, and why the first could not.
  std::int64_t errors() const { return errors_; }
  const std::string& first_error() const { return first_error_; }

 private:
  VideoDecoder() = default;
  void note_error(int error);

  ffmpeg::Owned<AVCodecContext> codec_;
  ffmpeg::Owned<AVFrame> frame_;
  ffmpeg::Owned<AVPacket> packet_;
  bool begun_ = false, draining_ = false;
  std::int64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace omniq::data
