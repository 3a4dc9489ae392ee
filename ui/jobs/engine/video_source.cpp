#include "ui/jobs/engine/video_source.h"

#include "core/data/video.h"

namespace omniq::ui {

struct VideoSource::Impl {
  data::VideoStream stream;
};

VideoSource::VideoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoSource::VideoSource(VideoSource&&) noexcept = default;
VideoSource& VideoSource::operator=(VideoSource&&) noexcept = default;
VideoSource::~VideoSource() = default;

Result<VideoSource> VideoSource::open(const std::filesystem::path& path, std::int64_t short_side) {
  OMNIQ_ASSIGN(const data::VideoInfo info, data::probe_video(path));
  // A small video is shown as it is; a large one no larger than a window needs.
  const bool large = std::min(info.width, info.height) > short_side;
  OMNIQ_ASSIGN(data::VideoStream stream, data::VideoStream::open(path, large ? short_side : 0));
  return VideoSource(std::make_unique<Impl>(Impl{std::move(stream)}));
}

double VideoSource::fps() const { return impl_->stream.info().fps; }
std::int64_t VideoSource::frames() const { return impl_->stream.info().frames; }
int VideoSource::width() const { return static_cast<int>(impl_->stream.width()); }
int VideoSource::height() const { return static_cast<int>(impl_->stream.height()); }
std::int64_t VideoSource::position() const { return impl_->stream.position(); }
bool VideoSource::read(std::uint8_t* rgb) { return impl_->stream.read(rgb); }
Status VideoSource::seek(std::int64_t frame) { return impl_->stream.seek(frame); }

}  // namespace omniq::ui
