#include "core/data/frame_converter.h"

extern "C" {
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
}

#include <array>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "core/base/text.h"

namespace omniq::data {
namespace {

int matrix_of(const AVFrame& frame) {
  if (frame.colorspace != AVCOL_SPC_UNSPECIFIED) return frame.colorspace;
  return frame.width >= 1280 || frame.height > 576 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
}

bool is_full_range(const AVFrame& frame) {
  const std::string_view format = av_get_pix_fmt_name(static_cast<AVPixelFormat>(frame.format));
  return frame.color_range == AVCOL_RANGE_JPEG || format.starts_with("yuvj") ||
         format.starts_with("gray") || format.starts_with("ya");
}

/// Where a chroma sample lies among its pixels, in 1/256 of one: across and down. Nothing where the
/// stream does not say: it is swscale's choice.
std::optional<std::array<int, 2>> chroma_position(int location) {
  switch (location) {
    case AVCHROMA_LOC_LEFT:
      return {{0, 128}};
    case AVCHROMA_LOC_CENTER:
      return {{128, 128}};
    case AVCHROMA_LOC_TOPLEFT:
      return {{0, 0}};
    case AVCHROMA_LOC_TOP:
      return {{128, 0}};
    case AVCHROMA_LOC_BOTTOMLEFT:
      return {{0, 256}};
    case AVCHROMA_LOC_BOTTOM:
      return {{128, 256}};
    default:
      return {};
  }
}

bool is_interlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 29, 100)
  return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame.interlaced_frame != 0;
#endif
}

}  // namespace

Orientation Orientation::of(const std::int32_t* matrix) {
  if (matrix == nullptr) return {};
  // x' = a·x + c·y, y' = b·x + d·y, with a, b in the first row.
  const std::int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) return {false, a < 0, d < 0};
  return {true, c < 0, b < 0};
}

Status FrameConverter::prepare(const Source& source) {
  const auto format = static_cast<AVPixelFormat>(source.format);
  scaler_.reset(sws_alloc_context());
  const auto set = [&](const char* name, std::int64_t value) {
    av_opt_set_int(scaler_.get(), name, value, 0);
  };
  set("srcw", source.width);
  set("srch", source.height);
  set("src_format", format);
  set("dstw", source.width);
  set("dsth", source.height);
  set("dst_format", AV_PIX_FMT_RGB24);
  set("sws_flags", SWS_BICUBIC);
  const AVPixFmtDescriptor* chroma = av_pix_fmt_desc_get(format);
  if (const auto position = chroma_position(source.location); chroma != nullptr && position) {
    if (chroma->log2_chroma_w > 0) set("src_h_chr_pos", (*position)[0]);
    if (chroma->log2_chroma_h > 0) set("src_v_chr_pos", (*position)[1]);
  }
  int rc = sws_init_context(scaler_.get(), nullptr, nullptr);
  if (rc >= 0) {
    // Both ways alike: RGB of more than 8 bits goes by YUV to RGB of 8.
    constexpr int kOne = 1 << 16;
    const int* matrix = sws_getCoefficients(source.matrix);
    const int range = source.full_range ? 1 : 0;
    sws_setColorspaceDetails(scaler_.get(), matrix, range, matrix, range, 0, kOne, kOne);
    source_ = source;
    return {};
  }
  source_ = {};
  const char* name = av_get_pix_fmt_name(format);
  return fail(ErrorCode::data, cat("cannot be converted from ", name != nullptr ? name : "?",
                                   " to RGB: ", ffmpeg::reason(rc)));
}

Status FrameConverter::convert(const AVFrame& frame, cv::Mat& rgb) {
  // The two fields of an interlaced frame are pictures of their own: each has its chroma.
  const int fields = is_interlaced(frame) && frame.height % 4 == 0 ? 2 : 1;
  const Source source{frame.width,      frame.height / fields, frame.format,
                      matrix_of(frame), frame.chroma_location, is_full_range(frame)};
  if (!(source == source_)) OMNIQ_TRY(prepare(source));
  // swscale writes past the end of a row, up to what is a multiple of its vectors.
  constexpr int kPixels = 64;
  const int padded = (frame.width + kPixels - 1) / kPixels * kPixels;
  converted_.create(frame.height, padded, CV_8UC3);
  for (int field = 0; field < fields; ++field) {
    const std::uint8_t* from[4] = {};
    int steps[4] = {};
    for (int plane = 0; plane < 4 && frame.data[plane] != nullptr; ++plane) {
      from[plane] = frame.data[plane] + field * frame.linesize[plane];
      steps[plane] = frame.linesize[plane] * fields;
    }
    std::uint8_t* const to[4] = {converted_.ptr(field)};
    const int strides[4] = {static_cast<int>(converted_.step) * fields};
    const int rc = sws_scale(scaler_.get(), from, steps, 0, source.height, to, strides);
    if (rc < 0)
      return fail(ErrorCode::data, cat("cannot be converted to RGB: ", ffmpeg::reason(rc)));
  }
  rgb = converted_.colRange(0, frame.width);
  if (orientation_.transpose) {
    cv::transpose(rgb, turned_);
    rgb = turned_;
  }
  if (orientation_.mirror || orientation_.upside_down) {
    const int both = -1, across = 1, down = 0;
    cv::flip(rgb, rgb,
             orientation_.mirror && orientation_.upside_down ? both
             : orientation_.mirror                           ? across
                                                             : down);
  }
  return {};
}

}  // namespace omniq::data
