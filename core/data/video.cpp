#include "core/data/video.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <thread>

#include "core/base/files.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/data/file_kind.h"
#include "core/data/video_frames.h"
#include "core/data/video_reader.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

at::Tensor allocate(std::int64_t frames, FrameSize size) {
  return at::empty({frames, size.height, size.width, 3}, at::kByte);
}

/// Decodes `wanted` (sorted, unique, from the reader's position on) and tells the times. Fewer
/// frames than asked for: the end came first, at frame reader.position() + 1.
Result<at::Tensor> decode_sorted(VideoReader& reader, const std::vector<std::int64_t>& wanted,
                                 FrameSize size, std::vector<double>& times,
                                 const std::stop_token& stop) {
  at::Tensor frames = allocate(static_cast<std::int64_t>(wanted.size()), size);
  auto* out = frames.mutable_data_ptr<std::uint8_t>();
  const std::int64_t bytes = size.height * size.width * 3;
  times.clear();
  for (const std::int64_t index : wanted) {
    const auto done = static_cast<std::int64_t>(times.size());
    while (reader.position() < index) {
      if (stop.stop_requested()) return fail(ErrorCode::stopped, "Decoding was stopped.");
      if (!reader.advance()) return frames.narrow(0, 0, done);
    }
    OMNIQ_TRY(reader.copy(size, out + done * bytes));
    times.push_back(reader.time());
  }
  return frames;
}

/// Goes on until `enough` frames are confirmed; to the end where they never are.
Status advance_until(VideoReader& reader, std::int64_t enough, const std::stop_token& stop) {
  while (reader.confirmed() < enough && reader.advance()) {
    if (stop.stop_requested()) return fail(ErrorCode::stopped, "Decoding was stopped.");
  }
  return {};
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

int all_threads() {
  constexpr unsigned kMost = 16;  // more do not make a decoder faster
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, kMost));
}

Status write_png(const fs::path& path, const std::uint8_t* rgb, FrameSize size) {
  const cv::Mat picture(static_cast<int>(size.height), static_cast<int>(size.width), CV_8UC3,
                        const_cast<std::uint8_t*>(rgb));  // is only read
  cv::Mat bgr;
  cv::cvtColor(picture, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  cv::imencode(".png", bgr, bytes);
  return write_file_atomic(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<VideoInfo> probe_video(const fs::path& path) {
  return guarded(path, [&]() -> Result<VideoInfo> {
    OMNIQ_ASSIGN(const VideoReader reader, VideoReader::open(path, 1));
    return reader.info();
  });
}

Result<VideoLength> measure_video(const fs::path& path, int threads, std::stop_token stop) {
  return guarded(path, [&]() -> Result<VideoLength> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path, threads, stop));
    const double first = reader.time();
    OMNIQ_TRY(advance_until(reader, std::numeric_limits<std::int64_t>::max(), stop));
    if (threads > 1 && reader.stumbled()) return measure_video(path, 1, stop);
    VideoLength length{reader.position() + 1, 0, reader.fault()};
    const auto frames = static_cast<double>(length.frames);
    if (length.frames > 1) {
      length.seconds = (reader.time() - first) * frames / (frames - 1);
    } else if (reader.info().fps > 0) {
      length.seconds = 1 / reader.info().fps;
    }
    return length;
  });
}

Result<at::Tensor> decode_frames(const fs::path& path, std::span<const std::int64_t> indices,
                                 std::int64_t short_side) {
  if (std::any_of(indices.begin(), indices.end(), [](std::int64_t i) { return i < 0; })) {
    throw std::invalid_argument("decode_frames: a negative frame index");
  }
  return guarded(path, [&]() -> Result<at::Tensor> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path, 1));
    const VideoInfo& info = reader.info();
    const Wanted wanted = sort_picks(indices);
    std::vector<double> times;
    OMNIQ_ASSIGN(at::Tensor frames,
                 decode_sorted(reader, wanted.sorted,
                               resized_frame(info.height, info.width, short_side), times, {}));
    if (times.size() < wanted.sorted.size()) {
      const VideoFault fault = reader.fault();
      return fail(ErrorCode::data,
                  cat(path.string(), " ends after ", reader.position() + 1, " frames; frame ",
                      wanted.sorted.back(), " was asked for."),
                  fault.what.empty() ? "" : cat("It ", fault.text(), "."));
    }
    if (wanted.sorted.size() == indices.size() && std::is_sorted(indices.begin(), indices.end())) {
      return frames;
    }
    return frames.index_select(0, at::tensor(wanted.positions, at::kLong));
  });
}

Result<VideoFrames> read_video(const fs::path& path, std::int64_t short_side,
                               const FramePicker& pick, int threads,
                               const std::function<bool(std::uint64_t)>& keep_whole,
                               std::stop_token stop) {
  return guarded(path, [&]() -> Result<VideoFrames> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path, threads, stop));
    const FrameSize size = resized_frame(reader.info().height, reader.info().width, short_side);
    VideoFrames result;
    result.promised = reader.info().frames;
    const auto bytes = static_cast<std::uint64_t>(result.promised * size.height * size.width * 3);
    result.whole = keep_whole && keep_whole(bytes);
    std::vector<std::int64_t> wanted(static_cast<std::size_t>(result.promised));
    std::iota(wanted.begin(), wanted.end(), 0);
    if (!result.whole) wanted = sort_picks(pick(result.promised)).sorted;
    OMNIQ_ASSIGN(result.frames, decode_sorted(reader, wanted, size, result.times, stop));
    // The last packet of a file that was cut off may be half a picture, or none.
    const bool doubtful = reader.fault().cut_off;
    constexpr auto kAll = std::numeric_limits<std::int64_t>::max();
    OMNIQ_TRY(advance_until(reader, doubtful ? kAll : wanted.back() + 1, stop));
    result.confirmed = doubtful ? 0 : reader.confirmed();
    if (result.confirmed <= wanted.back()) result.total = reader.position() + 1;
    if (result.whole && result.confirmed == result.promised) result.total = result.promised;
    result.fault = reader.fault();
    if (threads > 1 && reader.stumbled()) return read_video(path, short_side, pick, 1, {}, stop);

    result.picks = pick_existing(pick, result);
    Wanted picked = sort_picks(result.picks);
    const auto decoded = static_cast<std::int64_t>(result.times.size());
    if (result.whole && decoded == result.total) {
      result.positions = result.picks;
      if (decoded < result.promised) result.frames = result.frames.clone();  // the rest is freed
      return result;
    }
    result.whole = false;
    result.positions = std::move(picked.positions);
    if (picked.sorted != wanted || decoded < std::ssize(wanted)) {
      OMNIQ_TRY(reader.seek(0));
      OMNIQ_ASSIGN(result.frames, decode_sorted(reader, picked.sorted, size, result.times, stop));
      if (result.times.size() < picked.sorted.size())
        return tl::unexpected<Error>(no_frame_error(path, "it changed while it was read"));
    }
    return result;
  });
}

struct VideoStream::Impl {
  VideoReader reader;
  FrameSize size;
  fs::path path;
  bool fresh = true;  // the reader stands on the frame that comes next
  bool ended = false, told = false;
};

VideoStream::VideoStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoStream::VideoStream(VideoStream&&) noexcept = default;
VideoStream& VideoStream::operator=(VideoStream&&) noexcept = default;
VideoStream::~VideoStream() = default;

Result<VideoStream> VideoStream::open(const fs::path& path, std::int64_t short_side) {
  return guarded(path, [&]() -> Result<VideoStream> {
    OMNIQ_ASSIGN(VideoReader reader, VideoReader::open(path, all_threads()));
    const FrameSize size = resized_frame(reader.info().height, reader.info().width, short_side);
    return VideoStream(std::make_unique<Impl>(Impl{std::move(reader), size, path}));
  });
}

const VideoInfo& VideoStream::info() const { return impl_->reader.info(); }
std::int64_t VideoStream::width() const { return impl_->size.width; }
std::int64_t VideoStream::height() const { return impl_->size.height; }
std::int64_t VideoStream::position() const {
  return impl_->reader.position() + (impl_->fresh ? 0 : 1);
}

bool VideoStream::read(std::uint8_t* rgb) {
  if (impl_->ended) return false;
  VideoReader& reader = impl_->reader;
  impl_->ended = !(impl_->fresh || reader.advance()) || !reader.copy(impl_->size, rgb);
  impl_->fresh = false;
  const VideoFault fault = impl_->ended && !impl_->told ? reader.fault() : VideoFault{};
  if (!fault.what.empty()) {
    log::warning(describe_fault(impl_->path, fault, reader.position() + 1));
    impl_->told = true;
  }
  return !impl_->ended;
}

Status VideoStream::seek(std::int64_t frame) {
  if (frame == position() && !impl_->ended) return {};
  OMNIQ_TRY(impl_->reader.seek(frame));
  impl_->ended = impl_->reader.position() < frame;
  impl_->fresh = !impl_->ended;
  return {};
}

}  // namespace omniq::data
