#include "core/data/video_decoder.h"

#include <new>

#include "core/base/text.h"

namespace omniq::data {

Result<VideoDecoder> VideoDecoder::open(const AVStream& stream, int threads,
                                        const std::string& name) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const auto no_decoder = [&](int error) {
    return fail(ErrorCode::data,
                cat(name, " has a video stream (", avcodec_get_name(parameters.codec_id),
                    ") that cannot be decoded: ", ffmpeg::reason(error), "."),
                "Convert it to MP4 with H.264.");
  };
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) return no_decoder(AVERROR_DECODER_NOT_FOUND);
  VideoDecoder result;
  result.codec_.reset(avcodec_alloc_context3(decoder));
  result.frame_.reset(av_frame_alloc());
  result.packet_.reset(av_packet_alloc());
  AVCodecContext& codec = *result.codec_;
  if (const int rc = avcodec_parameters_to_context(&codec, &parameters); rc < 0)
    return no_decoder(rc);
  codec.thread_count = threads;
  codec.pkt_timebase = stream.time_base;
  if (const int rc = avcodec_open2(&codec, decoder, nullptr); rc < 0) return no_decoder(rc);
  return result;
}

const AVFrame* VideoDecoder::next(Demuxer& demuxer) {
  constexpr int kMostErrorsAtTheEnd = 100;  // none of which takes a packet
  for (int at_the_end = 0; at_the_end < kMostErrorsAtTheEnd;) {
    int rc = avcodec_receive_frame(codec_.get(), frame_.get());
    if (rc == 0) {
      begun_ = true;
      const std::int64_t packet = frame_->pts;
      const bool known = packet >= 0 && packet < std::ssize(demuxer.packets());
      if (known && !demuxer.packets()[packet].shown) continue;  // some decoders show them
      return frame_.get();
    }
    if (rc == AVERROR_EOF) return nullptr;
    if (rc != AVERROR(EAGAIN)) {
      note_error(rc);
      at_the_end += draining_ ? 1 : 0;
      continue;
    }
    if (demuxer.read(*packet_)) {
      rc = avcodec_send_packet(codec_.get(), packet_.get());
      if (rc < 0 && rc != AVERROR_EOF) note_error(rc);
    } else {
      if (draining_) return nullptr;
      draining_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
    }
  }
  return nullptr;
}

void VideoDecoder::restart() {
  avcodec_flush_buffers(codec_.get());
  begun_ = draining_ = false;
  errors_ = 0;
}

/// A cut often begins between two key frames; what comes before the first is shown by nobody.
void VideoDecoder::note_error(int error) {
  if (error == AVERROR(ENOMEM)) throw std::bad_alloc();
  if (!begun_) return;
  if (errors_++ == 0) first_error_ = ffmpeg::reason(error);
}

}  // namespace omniq::data
