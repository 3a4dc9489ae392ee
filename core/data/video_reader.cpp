#include "core/data/video_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base/text.h"
#include "core/data/file_kind.h"

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

}  // namespace

void resize_into(const cv::Mat& from, cv::Mat& to) {
  const bool shrinks = to.rows < from.rows || to.cols < from.cols;
  cv::resize(from, to, to.size(), 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
}

Error no_frame_error(const fs::path& path) {
  return {ErrorCode::data,
          cat(path.string(), " has a video stream, but no frame of it can be decoded."),
          "It is damaged or was cut off; copy or download it again."};
}

Result<VideoReader> VideoReader::open(const fs::path& path) {
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

Result<VideoReader> VideoReader::reopen(VideoReader&& old) {
  OMNIQ_ASSIGN(VideoReader reader, open(old.path_));
  reader.seen_ = std::move(old.seen_);
  reader.remembers_ = old.remembers_;
  reader.jumps_ = old.jumps_;
  return reader;
}

bool VideoReader::advance() {
  if (image_ || !capture_.grab()) return false;
  ++position_;
  retrieved_ = false;
  note_frame();
  return true;
}

bool VideoReader::copy(FrameSize size, std::uint8_t* out) {
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

/// The current frame, upright, into current_.
bool VideoReader::retrieve() {
  static constexpr cv::RotateFlags kTurns[] = {cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180,
                                               cv::ROTATE_90_COUNTERCLOCKWISE};
  cv::Mat& target = turn_ == 0 ? current_ : decoded_;
  if (!capture_.retrieve(target) || target.empty()) return false;
  if (remembers_ && seen_[position_].picture == 0) seen_[position_].picture = fingerprint(target);
  if (turn_ != 0) cv::rotate(decoded_, current_, kTurns[turn_ - 1]);
  retrieved_ = true;
  return true;
}

void VideoReader::remember() {
  remembers_ = !image_;
  note_frame();
}

/// Of the frame at position_, which was grabbed just now. Every eighth is looked at, so that
/// there is one to land on near every frame.
void VideoReader::note_frame() {
  constexpr std::int64_t kAnchors = 8;
  if (!remembers_) return;
  if (position_ == static_cast<std::int64_t>(seen_.size())) seen_.emplace_back();
  seen_[position_].time = capture_.get(cv::CAP_PROP_POS_MSEC);
  if (position_ % kAnchors == 0 && seen_[position_].picture == 0) retrieve();
}

bool VideoReader::jump_back(std::int64_t frame) {
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

/// Whether seeking to `frame` gives the same picture at the same time as decoding up to it did.
bool VideoReader::land_on(std::int64_t frame) {
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
std::int64_t VideoReader::claimed_frames() const {
  const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
  std::error_code ec;
  // Even a frame that repeats the one before takes a few bytes of index.
  const double most = std::max(1000.0, static_cast<double>(fs::file_size(path_, ec)));
  return count >= 1 && count <= most ? static_cast<std::int64_t>(count) : 0;
}

}  // namespace omniq::data
