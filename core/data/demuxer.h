// The packets of a file's video stream. Internal to core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/ffmpeg.h"

namespace omniq::data {

struct PacketInfo {
  std::int64_t pts, dts;  // in the stream's time base; AV_NOPTS_VALUE where the file has none
  std::int64_t position;  // in the file, in bytes; −1: not known
  int size;
  bool key;
  bool shown;         // false: an edit list cuts its frame off, or the frame is a hidden reference
  std::int64_t rank;  // how many shown ones come before it
};

/// Reads the best video stream that is no attached picture (cover art, thumbnails). Opening reads
/// the file once to its end, without decoding: counts and durations in headers are not believed.
class Demuxer {
 public:
  /// Errors: `stopped` after a request; data: nothing FFmpeg knows, sound only, no packet of video.
  static Result<Demuxer> open(const std::filesystem::path& path, const std::stop_token& stop);

  AVFormatContext* format() const { return format_.get(); }
  AVStream* stream() const { return format_->streams[stream_]; }
  /// In the order of the file.
  const std::vector<PacketInfo>& packets() const { return packets_; }
  std::int64_t shown() const { return packets_.back().rank + (packets_.back().shown ? 1 : 0); }
  /// Whether each shown packet is one frame with a time of its own, as far as its container can
  /// promise that.
  bool one_frame_a_packet() const;
  /// When the frame of a packet is shown, which is the `position`-th one, in the stream's time
  /// base: AV_NOPTS_VALUE where the file has no times.
  std::int64_t time_of(std::int64_t packet, std::int64_t position) const;
  /// Why the file ends before its end, in words; "" where it is whole as far as can be told.
  const std::string& cut_off() const { return cut_off_; }

  /// The next packet; false after the last. Its pts and dts are its number in packets().
  bool read(AVPacket& packet);
  /// Moves to a packet, exactly. An error: the file has gone or changed.
  Status go_to(std::int64_t packet);

 private:
  Demuxer() = default;
  Status open_file();
  Status choose_stream(std::vector<std::vector<PacketInfo>> streams);
  Status read_all(const std::stop_token& stop);
  bool read_packet(AVPacket& packet);
  bool jump(std::int64_t packet);
  bool is(const AVPacket& packet, std::int64_t number) const;

  std::filesystem::path path_;
  ffmpeg::Owned<AVFormatContext> format_;
  ffmpeg::Owned<AVPacket> waiting_;  // read already: what go_to() landed on
  bool has_waiting_ = false;
  int stream_ = -1;
  std::vector<PacketInfo> packets_;
  bool has_times_ = true;  // every shown packet has a pts
  std::string cut_off_;
  std::int64_t next_ = 0;
};

}  // namespace omniq::data
