#include "core/data/demuxer.h"

#include <algorithm>
#include <mutex>
#include <string_view>
#include <tuple>

#include "core/base/text.h"
#include "core/data/file_kind.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

/// FFmpeg describes a damaged file on stderr line by line; the Error says it once.
void quieten_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback([](void*, int, const char*, va_list) {}); });
}

bool may_be_chosen(const AVStream& stream) {
  constexpr int kPictures = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
  return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream.disposition & kPictures) == 0;
}

/// VP8's hidden reference frames are packets of their own.
bool is_hidden(const AVStream& stream, const AVPacket& packet) {
  return stream.codecpar->codec_id == AV_CODEC_ID_VP8 && (packet.data[0] & 0x10) == 0;
}

}  // namespace

Result<Demuxer> Demuxer::open(const fs::path& path, const std::stop_token& stop) {
  quieten_ffmpeg();
  Demuxer demuxer;
  demuxer.path_ = path;
  demuxer.waiting_.reset(av_packet_alloc());
  OMNIQ_TRY(demuxer.open_file());
  OMNIQ_TRY(demuxer.read_all(stop));
  return demuxer;
}

Status Demuxer::open_file() {
  // "file:", so that "a:b.mp4" is not taken for a protocol, and nothing but files: a playlist names
  // what it likes.
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", "file", 0);
  AVFormatContext* context = nullptr;
  int rc = avformat_open_input(&context, cat("file:", fs::absolute(path_).string()).c_str(),
                               nullptr, &options);
  av_dict_free(&options);
  if (rc < 0) return tl::unexpected<Error>(explain_unopened(path_, ffmpeg::reason(rc)));
  format_.reset(context);
  rc = avformat_find_stream_info(context, nullptr);
  if (rc < 0) return tl::unexpected<Error>(explain_unopened(path_, ffmpeg::reason(rc)));
  next_ = 0;
  has_waiting_ = false;
  if (stream_ >= static_cast<int>(context->nb_streams)) {
    return fail(ErrorCode::data, cat(path_.string(), " changed while it was read."));
  }
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    AVStream& stream = *context->streams[i];
    const bool wanted = stream_ < 0 ? may_be_chosen(stream) : static_cast<int>(i) == stream_;
    stream.discard = wanted ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }
  return {};
}

/// The next packet that is not empty, of the stream that was chosen, or before that of any that may
/// be. Some demuxers find streams only as they read, after others have been set to be discarded.
bool Demuxer::read_packet(AVPacket& packet) {
  constexpr int kPatience = 1000;  // demuxers may ask for another call
  for (int again = 0; again < kPatience; ++again) {
    av_packet_unref(&packet);
    const int rc = av_read_frame(format_.get(), &packet);
    if (rc == 0) {
      const bool wanted = stream_ < 0 ? may_be_chosen(*format_->streams[packet.stream_index])
                                      : packet.stream_index == stream_;
      if (packet.size > 0 && wanted) return true;
      again = -1;
    } else if (rc != AVERROR(EAGAIN)) {
      const bool broken = rc != AVERROR_EOF || (format_->pb != nullptr && format_->pb->error < 0);
      if (broken && cut_off_.empty()) {
        const int error = rc != AVERROR_EOF ? rc : format_->pb->error;
        cut_off_ = cat("it cannot be read to its end: ", ffmpeg::reason(error));
      }
      return false;
    }
  }
  return false;
}

Status Demuxer::read_all(const std::stop_token& stop) {
  std::vector<std::vector<PacketInfo>> streams;
  ffmpeg::Owned<AVPacket> packet(av_packet_alloc());
  bool whole = true;  // the last packet is
  while (read_packet(*packet)) {
    if (stop.stop_requested()) return fail(ErrorCode::stopped, "Reading was stopped.");
    const auto index = static_cast<std::size_t>(packet->stream_index);
    if (index >= streams.size()) streams.resize(index + 1);
    std::vector<PacketInfo>& packets = streams[index];
    const bool shown =
        (packet->flags & AV_PKT_FLAG_DISCARD) == 0 && !is_hidden(*format_->streams[index], *packet);
    const std::int64_t rank =
        packets.empty() ? 0 : packets.back().rank + (packets.back().shown ? 1 : 0);
    packets.push_back({packet->pts, packet->dts, packet->pos, packet->size,
                       (packet->flags & AV_PKT_FLAG_KEY) != 0, shown, rank});
    whole = (packet->flags & AV_PKT_FLAG_CORRUPT) == 0;
  }
  if (const std::string missing = missing_bytes(path_); !missing.empty()) {
    cut_off_ = missing;
  } else if (!whole && cut_off_.empty()) {
    cut_off_ = "its last frame is not complete";
  }
  return choose_stream(std::move(streams));
}

Status Demuxer::choose_stream(std::vector<std::vector<PacketInfo>> streams) {
  const auto is_sound = [](const AVStream* stream) {
    return stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  };
  AVStream* const* all = format_->streams;
  bool candidates = false;
  // A preview is a stream of one picture, or of small ones.
  std::tuple<std::size_t, bool, std::int64_t> best{};
  for (int i = 0; i < static_cast<int>(format_->nb_streams); ++i) {
    candidates = candidates || may_be_chosen(*all[i]);
    if (i >= static_cast<int>(streams.size()) || streams[i].empty()) continue;
    const AVCodecParameters& codec = *all[i]->codecpar;
    const std::tuple quality{std::min<std::size_t>(streams[i].size(), 5),
                             (all[i]->disposition & AV_DISPOSITION_DEFAULT) != 0,
                             std::int64_t{codec.width} * codec.height};
    if (stream_ >= 0 && quality <= best) continue;
    best = quality;
    stream_ = i;
  }
  if (stream_ < 0) {
    if (candidates) return tl::unexpected<Error>(no_frame_error(path_, cut_off_));
    const bool sound = std::any_of(all, all + format_->nb_streams, is_sound);
    return fail(ErrorCode::data,
                cat(path_.string(), sound ? " holds sound only, no video." : " holds no video."));
  }
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (static_cast<int>(i) != stream_) all[i]->discard = AVDISCARD_ALL;
  }
  packets_ = std::move(streams[static_cast<std::size_t>(stream_)]);
  has_times_ = std::none_of(packets_.begin(), packets_.end(), [](const PacketInfo& packet) {
    return packet.shown && packet.pts == AV_NOPTS_VALUE;
  });
  next_ = static_cast<std::int64_t>(packets_.size());
  return go_to(0);
}

bool Demuxer::one_frame_a_packet() const {
  const std::string_view name = format_->iformat->name;
  const bool by_frames = name.starts_with("mov,") || name.starts_with("matroska,") || name == "flv";
  std::vector<std::int64_t> times;
  for (const PacketInfo& packet : packets_) {
    if (packet.shown) times.push_back(packet.pts);
  }
  std::sort(times.begin(), times.end());
  return by_frames && has_times_ && std::adjacent_find(times.begin(), times.end()) == times.end();
}

std::int64_t Demuxer::time_of(std::int64_t packet, std::int64_t position) const {
  if (has_times_ && packet >= 0) return packets_[packet].pts;
  // Where only the order of decoding has times, frames are shown at the same ones in theirs.
  const auto found =
      std::partition_point(packets_.begin(), packets_.end(), [&](const PacketInfo& one) {
        return one.rank < position || (one.rank == position && !one.shown);
      });
  return found == packets_.end() ? AV_NOPTS_VALUE : found->dts;
}

bool Demuxer::read(AVPacket& packet) {
  if (next_ >= static_cast<std::int64_t>(packets_.size())) return false;
  if (has_waiting_) {
    av_packet_unref(&packet);
    av_packet_move_ref(&packet, waiting_.get());
    has_waiting_ = false;
  } else if (!read_packet(packet)) {
    return false;
  }
  packet.pts = packet.dts = next_++;
  return true;
}

bool Demuxer::is(const AVPacket& packet, std::int64_t number) const {
  const PacketInfo& info = packets_[number];
  if (packet.size != info.size) return false;
  return packet.pos >= 0 ? packet.pos == info.position
                         : packet.pts == info.pts && packet.dts == info.dts;
}

/// By the container's own seeking, which lands where it likes: only on the very packet it counts.
bool Demuxer::jump(std::int64_t number) {
  const PacketInfo& target = packets_[number];
  for (const std::int64_t time : {target.dts, target.pts}) {
    if (time == AV_NOPTS_VALUE) continue;
    if (avformat_seek_file(format_.get(), stream_, INT64_MIN, time, time, 0) < 0) continue;
    while (read_packet(*waiting_)) {
      if (is(*waiting_, number)) return true;
      const bool past = target.position >= 0 && waiting_->pos > target.position;
      if (past || (waiting_->dts != AV_NOPTS_VALUE && waiting_->dts > time)) break;
    }
  }
  return false;
}

Status Demuxer::go_to(std::int64_t number) {
  if (number == next_) return {};
  if (!jump(number)) {
    OMNIQ_TRY(open_file());
    for (std::int64_t i = 0; i <= number; ++i) {
      if (!read_packet(*waiting_) || packets_[i].size != waiting_->size) {
        return fail(ErrorCode::data, cat(path_.string(), " changed while it was read."));
      }
    }
  }
  next_ = number;
  has_waiting_ = true;
  return {};
}

}  // namespace omniq::data
