#include "core/data/video.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>
#include <optional>
#include <stdexcept>

#include "core/base/text.h"
#include "core/data/file_kind.h"
#include "core/data/video_frames.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

// FFmpeg describes a damaged file on stderr line by line; the Error says it once. The variable is
// read when the first file is opened, and is set before main because setenv must not meet a getenv
// of another thread.
const bool kQuietFfmpeg = ::setenv("OPENCV_FFMPEG_LOGLEVEL", "-8", /*overwrite=*/0) == 0;

void quieten_opencv() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (std::getenv("OPENCV_LOG_LEVEL") == nullptr) {
      cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    }
    cv::setNumThreads(1);  // the loader's workers are the parallelism; frames are small
  });
}

/// Tells pictures apart that decoding might confuse. Never 0.
std::uint64_t fingerprint(const cv::Mat& picture) {
  constexpr std::size_t kLanes = 4;  // multiplications that need not wait for each other
  std::array<std::uint64_t, kLanes> lanes = {1, 2, 3, 4};
  for (int y = 0; y < picture.rows; ++y) {
    const auto* row = picture.ptr<std::uint8_t>(y);
    const std::size_t bytes = static_cast<std::size_t>(picture.cols) * picture.elemSize();
    for (std::size_t at = 0; at < bytes; at += kLanes * sizeof(std::uint64_t)) {
      std::array<std::uint64_t, kLanes> words = {};
      std::memcpy(words.data(), row + at, std::min(sizeof(words), bytes - at));
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] = (lanes[lane] ^ words[lane]) * 0x9e3779b97f4a7c15ULL;
    }
  }
  std::uint64_t hash = 0;
  for (const std::uint64_t lane : lanes) hash = (hash ^ lane ^ hash >> 29) * 0xbf58476d1ce4e5b9ULL;
  return hash | 1;
}

/// To the size that `to` has.
void resize_into(const cv::Mat& from, cv::Mat& to) {
  const bool shrinks = to.rows < from.rows || to.cols < from.cols;
  cv::resize(from, to, to.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
}

Error no_frame_error(const fs::path& path) {
  return {ErrorCode::data,
          cat(path.string(), " has a video stream, but no frame of it can be decoded."),
          "It is damaged or was cut off; copy or download it again."};
}

bool open_capture(cv::VideoCapture& capture, const std::string& name) {
#if CV_VERSION_MAJOR > 4 || (CV_VERSION_MAJOR == 4 && CV_VERSION_MINOR >= 7)
  // Workers are the parallelism here too. Older versions take no such wish: a thread a core for
  // each open file.
  if (capture.open(name, cv::CAP_FFMPEG, {cv::CAP_PROP_N_THREADS, 1})) return true;
#endif
  return capture.open(name, cv::CAP_FFMPEG);
}

/// Quarter turns clockwise that the file asks for, 0 to 3. OpenCV's own turning is switched off,
/// because version 4.6 (that of Debian 12 and Ubuntu 24.04) reports the angle, and turns, the wrong
/// way round.
int quarter_turns(cv::VideoCapture& capture) {
  capture.set(cv::CAP_PROP_ORIENTATION_AUTO, 0);
  const double angle = capture.get(cv::CAP_PROP_ORIENTATION_META);
  const int turns = ((static_cast<int>(std::lround(angle / 90.0)) % 4) + 4) % 4;
  const bool reversed = cv::getVersionMajor() == 4 && cv::getVersionMinor() == 6;
  return reversed ? (4 - turns) % 4 : turns;
}

/// Reads a file from its first frame to its last. A still image is a video of one frame.
class VideoReader {
 public:
  static Result<VideoReader> open(const fs::path& path) {
    quieten_opencv();
    OMNIQ_TRY(check_video_file(path));
    VideoReader reader;
    reader.path_ = path;
    // An absolute name starts with "/", so that "a:b.mp4" is not taken for a protocol.
    const std::string name = fs::absolute(path).string();
    try {
      if (cv::haveImageReader(name)) {
        reader.current_ = cv::imread(name, cv::IMREAD_COLOR);
        if (reader.current_.empty()) {
          return fail(ErrorCode::data, cat(path.string(), " is an image that cannot be decoded."));
        }
        reader.info_ = {1, 0.0, reader.current_.cols, reader.current_.rows};
        reader.image_ = true;
        return reader;
      }
      if (!open_capture(reader.capture_, name)) {
        return tl::unexpected<Error>(explain_unopened(path));
      }
      reader.turn_ = quarter_turns(reader.capture_);
      if (!reader.capture_.grab() || !reader.retrieve()) {
        return tl::unexpected<Error>(no_frame_error(path));
      }
      reader.info_.frames = reader.claimed_frames();
      const double fps = reader.capture_.get(cv::CAP_PROP_FPS);
      reader.info_.fps = std::isfinite(fps) && fps > 0 ? fps : 0;
      reader.info_.width = reader.current_.cols;
      reader.info_.height = reader.current_.rows;
    } catch (const cv::Exception& error) {
      return fail(ErrorCode::data, cat(path.string(), " cannot be decoded: ", error.err, "."));
    }
    return reader;
  }

  const VideoInfo& info() const { return info_; }
  std::int64_t position() const { return position_; }

  /// Moves to the next frame; false at the end of the file.
  bool advance() {
    if (image_ || !capture_.grab()) return false;
    ++position_;
    retrieved_ = false;
    note_frame();
    return true;
  }

  /// From here on (the first frame), remembers what jump_back needs: it costs looking at the
  /// frames.
  void remember() {
    remembers_ = !image_;
    note_frame();
  }

  /// Moves back to `frame`, or to the last one that was passed. Needs remember(). False: the file's
  /// own seeking cannot be trusted, and where the reader stands is not known.
  bool jump_back(std::int64_t frame) {
    frame = std::min(frame, static_cast<std::int64_t>(seen_.size()) - 1);
    std::int64_t anchor = frame;
    while (anchor > 0 && seen_[anchor].picture == 0) --anchor;
    if (anchor <= 0 || !jumps_) return false;
    jumps_ = land_on(anchor);
    while (jumps_ && position_ < frame) {
      jumps_ = capture_.grab() && capture_.get(cv::CAP_PROP_POS_MSEC) == seen_[++position_].time;
      retrieved_ = false;
    }
    return jumps_;
  }

  /// The same file from its first frame, with what is known of it.
  static Result<VideoReader> reopen(VideoReader&& old) {
    OMNIQ_ASSIGN(VideoReader reader, open(old.path_));
    reader.seen_ = std::move(old.seen_);
    reader.remembers_ = old.remembers_;
    reader.jumps_ = old.jumps_;
    return reader;
  }

  /// Writes the current frame as RGB, resized to `size`. False where the decoder cannot hand it
  /// over.
  bool copy(FrameSize size, std::uint8_t* out) {
    if (!retrieved_ && !retrieve()) return false;
    const int rows = static_cast<int>(size.height), columns = static_cast<int>(size.width);
    cv::Mat target(rows, columns, CV_8UC3, out);
    if (current_.rows == rows && current_.cols == columns) {
      cv::cvtColor(current_, target, cv::COLOR_BGR2RGB);
      return true;
    }
    resized_.create(rows, columns, CV_8UC3);
    resize_into(current_, resized_);
    cv::cvtColor(resized_, target, cv::COLOR_BGR2RGB);
    return true;
  }

 private:
  /// The current frame, upright, into current_.
  bool retrieve() {
    static constexpr cv::RotateFlags kTurns[] = {cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                                                 cv::ROTATE_90_COUNTERCLOCKWISE};
    cv::Mat& target = turn_ == 0 ? current_ : decoded_;
    if (!capture_.retrieve(target) || target.empty()) return false;
    if (remembers_ && seen_[position_].picture == 0) seen_[position_].picture = fingerprint(target);
    if (turn_ != 0) cv::rotate(decoded_, current_, kTurns[turn_ - 1]);
    retrieved_ = true;
    return true;
  }

  /// Of the frame at position_, which was grabbed just now. Every eighth is looked at, so that
  /// there is one to land on near every frame.
  void note_frame() {
    constexpr std::int64_t kAnchors = 8;
    if (!remembers_) return;
    if (position_ == static_cast<std::int64_t>(seen_.size())) seen_.emplace_back();
    seen_[position_].time = capture_.get(cv::CAP_PROP_POS_MSEC);
    if (position_ % kAnchors == 0 && seen_[position_].picture == 0) retrieve();
  }

  /// Whether seeking to `frame` gives the same picture at the same time as decoding up to it did.
  bool land_on(std::int64_t frame) {
    const Seen& wanted = seen_[frame];
    if (!(seen_[frame - 1].time < wanted.time)) return false;  // times tell nothing
    if (!capture_.set(cv::CAP_PROP_POS_FRAMES, static_cast<double>(frame)) || !capture_.grab())
      return false;
    cv::Mat picture;
    if (capture_.get(cv::CAP_PROP_POS_MSEC) != wanted.time || !capture_.retrieve(picture) ||
        fingerprint(picture) != wanted.picture) {
      return false;
    }
    position_ = frame;
    return retrieve();
  }

  /// The container's count, or 0 where it says nothing that can be true.
  std::int64_t claimed_frames() const {
    const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
    std::error_code ec;
    // Even a frame that repeats the one before takes a few bytes of index.
    const double most = std::max(1000.0, static_cast<double>(fs::file_size(path_, ec)));
    return count >= 1 && count <= most ? static_cast<std::int64_t>(count) : 0;
  }

  struct Seen {
    double time = -1;           // in milliseconds, as the container has it
    std::uint64_t picture = 0;  // its fingerprint; 0 where it was only passed
  };

  fs::path path_;
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
