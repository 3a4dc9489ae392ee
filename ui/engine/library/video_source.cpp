#include "ui/engine/library/video_source.h"

#include <algorithm>

#include "core/data/video.h"

namespace omniq::ui {
namespace {

class StreamSource : public VideoSource {
 public:
  explicit StreamSource(data::VideoStream stream) : stream_(std::move(stream)) {}

  double fps() const override { return stream_.info().fps; }
  std::int64_t frames() const override { return stream_.info().frames; }
  int width() const override { return static_cast<int>(stream_.width()); }
  int height() const override { return static_cast<int>(stream_.height()); }
  std::int64_t position() const override { return stream_.position(); }
  bool read(std::uint8_t* rgb) override { return stream_.read(rgb); }
  Status seek(std::int64_t frame) override { return stream_.seek(frame); }

 private:
  data::VideoStream stream_;
};

}  // namespace

Result<std::unique_ptr<VideoSource>> open_stream(const std::filesystem::path& path,
                                                 std::int64_t short_side) {
  OMNIQ_ASSIGN(const data::VideoInfo info, data::probe_video(path));
  // A small video is shown as it is; a large one no larger than a window needs.
  const bool large = std::min(info.width, info.height) > short_side;
  OMNIQ_ASSIGN(data::VideoStream stream, data::VideoStream::open(path, large ? short_side : 0));
  return std::make_unique<StreamSource>(std::move(stream));
}

}  // namespace omniq::ui
