#include "core/data/video.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "core/base/text.h"
#include "core/data/video_frames.h"
#include "core/data/video_reader.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

at::Tensor allocate(std::int64_t frames, FrameSize size) {
  return at::empty({frames, size.height, size.width, 3}, at::kByte);
}

/// Decodes `wanted` (sorted, unique, from the reader's position on). Fewer frames than asked for:
/// the end came first, at frame reader.position() + 1.
Result<at::Tensor> decode_sorted(VideoReader& reader, const std::vector<std::int64_t>& wanted,
                                 FrameSize size, const std::stop_token& stop) {
  at::Tensor frames = allocate(static_cast<std::int64_t>(wanted.size()), size);
  auto* out = frames.mutable_data_ptr<std::uint8_t>();
  const std::int64_t bytes = size.height * size.width * 3;
  std::int64_t done = 0;
  for (const std::int64_t index : wanted) {
    while (reader.position() < index) {
      if (stop.stop_requested()) return fail(ErrorCode::stopped, "Decoding was stopped.");
      if (!reader.advance()) return frames.narrow(0, 0, done);
    }
    if (!reader.copy(size, out + done * bytes)) return frames.narrow(0, 0, done);
    ++done;
  }
  return frames;
}

/// All frames up to `most`.
Result<at::Tensor> decode_all(VideoReader& reader, std::int64_t most, FrameSize size,
                              const std::stop_token& stop) {
  std::vector<std::int64_t> wanted(static_cast<std::size_t>(most));
  std::iota(wanted.begin(), wanted.end(), 0);
  return decode_sorted(reader, wanted, size, stop);
}

Result<std::int64_t> count_from(VideoReader& reader, const std::stop_token& stop) {
  while (reader.advance()) {
    if (stop.stop_requested()) return fail(ErrorCode::stopped, "Decoding was stopped.");
  }
  return reader.position() + 1;
}

struct Wanted {
  std::vector<std::int64_t> sorted;     // unique
  std::vector<std::int64_t> positions;  // of each pick in `sorted`
};

Wanted sort_picks(std::span<const std::int64_t> picks) {
  Wanted wanted{{picks.begin(), picks.end()}, {}};
  std::sort(wanted.sorted.begin(), wanted.sorted.end());
  wanted.sorted.erase(std::unique(wanted.sorted.begin(), wanted.sorted.end()), wanted.sorted.end());
  for (const std::int64_t pick : picks) {
    wanted.positions.push_back(std::lower_bound(wanted.sorted.begin(), wanted.sorted.end(), pick) -
                               wanted.sorted.begin());
  }
  return wanted;
}

/// Runs `body`, and turns what OpenCV throws into an Error that names the file.
template <class Body>
auto guarded(const fs::path& path, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const cv::Exception& error) {
    return fail(ErrorCode::data, cat(path.string(), " cannot be decoded: ", error.err, "."));
  }
}

}  // namespace

void resize_frame(const std::uint8_t* rgb, FrameSize from, std::uint8_t* out, FrameSize to) {
  const cv::Mat source(static_cast<int>(from.height), static_cast<int>(from.width), CV_8UC3,
                       const_cast<std::uint8_t*>(rgb));  // is only read
  cv::Mat target(static_cast<int>(to.height), static_cast<int>(to.width), CV_8UC3, out);
  if (source.size() == target.size()) {
    source.copyTo(target);
  } else {
    resize_into(source, target);
  }
}

Result<VideoInfo> probe_video(const fs::path& path) {
  return guarded(path, [&]() -> Result<VideoInfo> {
    OMNIQ_ASSIGN(const VideoReader reader, VideoReader::open(path));
    return reader.info();
  });
}

Result<VideoLength> measure_video(const fs::path& path, std::stop_token stop) {
  return guarded(path, [&]() -> Result<VideoLength> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path));
    OMNIQ_ASSIGN(const std::int64_t frames, count_from(reader, stop));
    return VideoLength{frames, reader.info().frames, reader.info().fps};
  });
}

Result<at::Tensor> decode_frames(const fs::path& path, std::span<const std::int64_t> indices,
                                 std::int64_t short_side) {
  if (std::any_of(indices.begin(), indices.end(), [](std::int64_t i) { return i < 0; })) {
    throw std::invalid_argument("decode_frames: a negative frame index");
  }
  return guarded(path, [&]() -> Result<at::Tensor> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path));
    const VideoInfo& info = reader.info();
    const Wanted wanted = sort_picks(indices);
    OMNIQ_ASSIGN(at::Tensor frames,
                 decode_sorted(reader, wanted.sorted,
                               resized_frame(info.height, info.width, short_side), {}));
    if (frames.size(0) < static_cast<std::int64_t>(wanted.sorted.size())) {
      return fail(ErrorCode::data,
                  cat(path.string(), " ends after ", reader.position() + 1, " frames; frame ",
                      wanted.sorted.back(), " was asked for."),
                  info.frames > reader.position() + 1
                      ? cat("Its header promises ", info.frames, ": it was probably cut off.")
                      : "");
    }
    if (wanted.sorted.size() == indices.size() && std::is_sorted(indices.begin(), indices.end())) {
      return frames;
    }
    return frames.index_select(0, at::tensor(wanted.positions, at::kLong));
  });
}

Result<VideoFrames> read_video(const fs::path& path, std::int64_t short_side,
                               const FramePicker& pick,
                               const std::function<bool(std::uint64_t)>& keep_whole,
                               std::stop_token stop) {
  return guarded(path, [&]() -> Result<VideoFrames> {
    OMNIQ_ASSIGN(VideoReader opened, VideoReader::open(path));
    std::optional<VideoReader> reader(std::move(opened));
    const FrameSize size = resized_frame(reader->info().height, reader->info().width, short_side);
    VideoFrames result;
    result.claimed = reader->info().frames;
    if (result.claimed == 0) {
      OMNIQ_ASSIGN(result.claimed, count_from(*reader, stop));
      result.total = result.claimed;
      OMNIQ_ASSIGN(VideoReader again, VideoReader::open(path));
      reader = std::move(again);
    }
    const auto bytes = static_cast<std::uint64_t>(result.claimed * size.height * size.width * 3);
    if (keep_whole && keep_whole(bytes)) {
      OMNIQ_ASSIGN(result.frames, decode_all(*reader, result.claimed, size, stop));
      const std::int64_t total = result.frames.size(0);
      if (total == 0) return tl::unexpected<Error>(no_frame_error(path));
      if (total < result.claimed) {
        result.total = total;
        result.frames = result.frames.clone();  // gives back what the claim had reserved
      }
      result.whole = true;
      result.positions = pick_existing(pick, result.claimed, total);
      return result;
    }
    // The claim first; where the file ends earlier, once more with the true count.
    for (std::int64_t total = result.claimed;;) {
      Wanted wanted = sort_picks(pick(total));
      OMNIQ_ASSIGN(result.frames, decode_sorted(*reader, wanted.sorted, size, stop));
      if (result.frames.size(0) == static_cast<std::int64_t>(wanted.sorted.size())) {
        result.positions = std::move(wanted.positions);
        return result;
      }
      const std::int64_t end = reader->position() + 1;
      if (end >= total) return tl::unexpected<Error>(no_frame_error(path));
      result.total = total = end;
      OMNIQ_ASSIGN(VideoReader again, VideoReader::open(path));
      reader = std::move(again);
    }
  });
}

struct VideoStream::Impl {
  VideoReader reader;
  FrameSize size;
  bool fresh = true;  // the reader stands on the frame that comes next
  bool ended = false;
};

VideoStream::VideoStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoStream::VideoStream(VideoStream&&) noexcept = default;
VideoStream& VideoStream::operator=(VideoStream&&) noexcept = default;
VideoStream::~VideoStream() = default;

Result<VideoStream> VideoStream::open(const fs::path& path, std::int64_t short_side) {
  OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path));
  const FrameSize size = resized_frame(reader.info().height, reader.info().width, short_side);
  reader.remember();
  return VideoStream(std::make_unique<Impl>(Impl{std::move(reader), size}));
}

const VideoInfo& VideoStream::info() const { return impl_->reader.info(); }
std::int64_t VideoStream::width() const { return impl_->size.width; }
std::int64_t VideoStream::height() const { return impl_->size.height; }
std::int64_t VideoStream::position() const {
  return impl_->reader.position() + (impl_->fresh ? 0 : 1);
}

bool VideoStream::read(std::uint8_t* rgb) {
  if (impl_->ended) return false;
  if (!impl_->fresh && !impl_->reader.advance()) return !(impl_->ended = true);
  impl_->fresh = false;
  return impl_->reader.copy(impl_->size, rgb);
}

Status VideoStream::seek(std::int64_t frame) {
  if (frame < position() || impl_->ended) {
    impl_->ended = false;
    impl_->fresh = true;
    if (!impl_->reader.jump_back(frame)) {
      OMNIQ_ASSIGN(impl_->reader, VideoReader::reopen(std::move(impl_->reader)));
    }
  }
  while (position() < frame) {
    if (!impl_->fresh && !impl_->reader.advance()) {
      impl_->ended = true;
      break;
    }
    impl_->fresh = false;
  }
  return {};
}

}  // namespace omniq::data
