#include "core/data/video_reader.h"

extern "C" {
#include <libavutil/display.h>
}

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base/text.h"
#include "core/data/file_kind.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

void prepare_opencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (std::getenv("OPENCV_LOG_LEVEL") == nullptr) {
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    }
    cv::setNumThreads(1);  // the loader's workers are the parallelism; frames are small
  });
}

/// The file's, or else that of its first frame.
Orientation orientation_of(const AVStream& stream, const AVFrame& first) {
  const std::uint8_t* matrix = nullptr;
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVCodecParameters& codec = *stream.codecpar;
  if (const AVPacketSideData* side = av_packet_side_data_get(
          codec.coded_side_data, codec.nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX)) {
    matrix = side->data;
  }
#else
  matrix = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr);
#endif
  if (matrix == nullptr) {
    if (const AVFrameSideData* side = av_frame_get_side_data(&first, AV_FRAME_DATA_DISPLAYMATRIX))
      matrix = side->data;
  }
  return Orientation::of(reinterpret_cast<const std::int32_t*>(matrix));
}

/// How much wider than high a pixel is shown.
double pixel_aspect(const Demuxer& demuxer, const AVFrame& first) {
  constexpr double kMost = 8;  // beyond that it is a broken header
  const AVRational ratio = av_guess_sample_aspect_ratio(demuxer.format(), demuxer.stream(),
                                                        const_cast<AVFrame*>(&first));
  const double aspect = ratio.num > 0 && ratio.den > 0 ? av_q2d(ratio) : 1;
  return aspect >= 1 / kMost && aspect <= kMost ? aspect : 1;
}

bool is_key(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 29, 100)
  const bool key = (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  const bool key = frame.key_frame != 0;
#endif
  return key && frame.pict_type == AV_PICTURE_TYPE_I;
}

}  // namespace

void resize_into(const cv::Mat& from, cv::Mat& to) {
  const bool shrinks = to.rows < from.rows || to.cols < from.cols;
  cv::resize(from, to, to.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
}

Result<VideoReader> VideoReader::open(const fs::path& path, int threads,
                                      const std::stop_token& stop) {
  prepare_opencv();
  OMNIQ_TRY(check_video_file(path));
  VideoReader reader;
  reader.path_ = path;
  auto demuxer = Demuxer::open(path, stop);
  const bool moves = demuxer && demuxer->packets().size() > 1;
  if (!moves && cv::haveImageReader(path.string())) {
    const cv::Mat picture = cv::imread(path.string(), cv::IMREAD_COLOR);
    if (picture.empty()) {
      return fail(ErrorCode::data, cat(path.string(), " is an image that cannot be decoded."));
    }
    cv::cvtColor(picture, reader.current_, cv::COLOR_BGR2RGB);
    reader.info_ = {1, 0.0, picture.cols, picture.rows};
    reader.image_ = reader.converted_ = true;
    return reader;
  }
  if (!demuxer) return tl::unexpected<Error>(std::move(demuxer).error());
  reader.demuxer_ = std::move(*demuxer);
  OMNIQ_TRY(reader.open_stream(threads));
  return reader;
}

Status VideoReader::open_stream(int threads) {
  const AVStream& stream = *demuxer_->stream();
  OMNIQ_ASSIGN(decoder_, VideoDecoder::open(stream, threads, path_.string()));
  const std::vector<PacketInfo>& packets = demuxer_->packets();
  if (demuxer_->one_frame_a_packet()) {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (packets[i].shown) order_.push_back({static_cast<std::int64_t>(i), packets[i].key});
    }
    std::sort(order_.begin(), order_.end(), [&](const Shown& a, const Shown& b) {
      return packets[a.packet].pts < packets[b.packet].pts;
    });
  }
  frame_ = decoder_->next(*demuxer_);
  if (frame_ == nullptr) {
    return tl::unexpected<Error>(no_frame_error(path_, decoder_->first_error()));
  }
  note();
  const Orientation orientation = orientation_of(stream, *frame_);
  converter_ = FrameConverter(orientation);
  const AVRational average = stream.avg_frame_rate, base = stream.r_frame_rate;
  const AVRational rate = average.num > 0 && average.den > 0 ? average : base;
  info_.fps = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
  info_.frames = demuxer_->shown();
  info_.height = frame_->height;
  info_.width = std::max<std::int64_t>(
      1, std::llround(static_cast<double>(frame_->width) * pixel_aspect(*demuxer_, *frame_)));
  if (orientation.transpose) std::swap(info_.width, info_.height);
  return convert();
}

double VideoReader::time() const {
  if (image_) return 0;
  const std::int64_t ticks = demuxer_->time_of(order_[position_].packet, position_);
  if (ticks != AV_NOPTS_VALUE)
    return static_cast<double>(ticks) * av_q2d(demuxer_->stream()->time_base);
  return info_.fps > 0 ? static_cast<double>(position_) / info_.fps : 0;
}

bool VideoReader::advance() {
  if (image_) return false;
  const AVFrame* frame = decoder_->next(*demuxer_);
  if (frame == nullptr) return false;
  frame_ = frame;
  ++position_;
  note();
  return true;
}

/// Of frame_, which was decoded just now, as the one at position_.
void VideoReader::note() {
  converted_ = false;
  const std::vector<PacketInfo>& packets = demuxer_->packets();
  const bool known = frame_->pts >= 0 && frame_->pts < std::ssize(packets);
  Shown shown;
  if (known) {
    shown = {frame_->pts, packets[frame_->pts].key && is_key(*frame_)};
    highest_ = std::max(highest_, packets[frame_->pts].rank);
    if (highest_ == position_) confirmed_ = position_ + 1;
  }
  if (position_ < std::ssize(order_) && order_[position_].packet != shown.packet) {
    order_.resize(position_);
    jumps_ = false;
  }
  if (position_ == std::ssize(order_)) order_.emplace_back();
  order_[position_] = shown;
}

Status VideoReader::convert() {
  if (converted_) return {};
  auto done = converter_.convert(*frame_, current_);
  if (!done) {
    Error error = std::move(done).error();
    error.message = cat(path_.string(), " ", error.message, ".");
    return tl::unexpected<Error>(std::move(error));
  }
  converted_ = true;
  return {};
}

Status VideoReader::copy(FrameSize size, std::uint8_t* out) {
  OMNIQ_TRY(convert());
  cv::Mat target(static_cast<int>(size.height), static_cast<int>(size.width), CV_8UC3, out);
  if (current_.size() == target.size()) {
    current_.copyTo(target);
  } else {
    resize_into(current_, target);
  }
  return {};
}

Status VideoReader::seek(std::int64_t frame) {
  if (image_) return {};
  std::int64_t anchor = std::min(frame, static_cast<std::int64_t>(order_.size()) - 1);
  while (anchor > 0 && !order_[anchor].key) --anchor;
  if (frame < position_ || anchor > position_) {
    if (!jumps_ || anchor == 0 || !land_on(anchor)) OMNIQ_TRY(rewind());
  }
  while (position_ < frame && advance()) {
    // Not what came before or was promised: the jump is not to be trusted either.
    if (jumped_ && !jumps_) OMNIQ_TRY(rewind());
  }
  return {};
}

Status VideoReader::rewind() {
  OMNIQ_TRY(demuxer_->go_to(0));
  decoder_->restart();
  frame_ = decoder_->next(*demuxer_);
  if (frame_ == nullptr) {
    return tl::unexpected<Error>(no_frame_error(path_, decoder_->first_error()));
  }
  jumped_ = false;
  position_ = confirmed_ = 0;
  highest_ = -1;
  note();
  return {};
}

/// Decodes from the key frame that is frame `anchor`. False where that does not show it.
bool VideoReader::land_on(std::int64_t anchor) {
  constexpr int kMostBefore = 64;  // frames that come after it in the file and are shown before it
  const std::int64_t packet = order_[anchor].packet;
  if (!demuxer_->go_to(packet)) return jumps_ = false;
  decoder_->restart();
  for (int i = 0; i < kMostBefore; ++i) {
    frame_ = decoder_->next(*demuxer_);
    if (frame_ == nullptr) break;
    if (frame_->pts != packet) continue;
    if (!is_key(*frame_)) break;
    jumped_ = true;
    position_ = anchor;
    note();
    return true;
  }
  return jumps_ = false;
}

VideoFault VideoReader::fault() const {
  if (image_) return {};
  if (!demuxer_->cut_off().empty()) return {demuxer_->cut_off(), true};
  if (decoder_->errors() == 0) return {};
  return {cat(decoder_->errors(), " of its ", demuxer_->packets().size(),
              " packets cannot be decoded: ", decoder_->first_error()),
          false};
}

}  // namespace omniq::data
