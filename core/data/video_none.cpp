// Stands in for video.cpp and demo.cpp where the program is built without FFmpeg and OpenCV.
#include <stdexcept>

#include "core/base/text.h"
#include "core/data/demo.h"
#include "core/data/video.h"
#include "core/data/video_frames.h"
#include "core/data/video_support.h"

namespace omniq::data {
namespace {

tl::unexpected<Error> no_video(const std::filesystem::path& path) {
  return fail(
      ErrorCode::data,
      cat("This program was built without video support, so ", path.string(), " cannot be used."),
      "Build it with FFmpeg's libraries and OpenCV (-DOMNIQ_VIDEO=ON).");
}

}  // namespace

VideoSupport video_support() {
  return {"built without video support (OMNIQ_VIDEO=OFF)", false, false};
}

Result<VideoInfo> probe_video(const std::filesystem::path& path) { return no_video(path); }

int all_threads() { return 1; }

Result<VideoLength> measure_video(const std::filesystem::path& path, int, std::stop_token) {
  return no_video(path);
}

Result<at::Tensor> decode_frames(const std::filesystem::path& path, std::span<const std::int64_t>,
                                 std::int64_t) {
  return no_video(path);
}

Result<VideoFrames> read_video(const std::filesystem::path& path, std::int64_t, const FramePicker&,
                               int, const std::function<bool(std::uint64_t)>&, std::stop_token) {
  return no_video(path);
}

void resize_frame(const std::uint8_t*, FrameSize, std::uint8_t*, FrameSize) {
  throw std::logic_error("resize_frame: built without video support");
}

Status write_png(const std::filesystem::path& path, const std::uint8_t*, FrameSize) {
  return no_video(path);
}

struct VideoStream::Impl {
  VideoInfo info;
};
VideoStream::VideoStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoStream::VideoStream(VideoStream&&) noexcept = default;
VideoStream& VideoStream::operator=(VideoStream&&) noexcept = default;
VideoStream::~VideoStream() = default;
Result<VideoStream> VideoStream::open(const std::filesystem::path& path, std::int64_t) {
  return no_video(path);
}
const VideoInfo& VideoStream::info() const { return impl_->info; }
std::int64_t VideoStream::width() const { return 0; }
std::int64_t VideoStream::height() const { return 0; }
std::int64_t VideoStream::position() const { return 0; }
bool VideoStream::read(std::uint8_t*) { return false; }
Status VideoStream::seek(std::int64_t) { return {}; }

Status generate_demo(const std::filesystem::path& directory, const DemoOptions&,
                     const std::function<void(std::int64_t, std::int64_t)>&, std::stop_token) {
  return no_video(directory);
}

}  // namespace omniq::data
