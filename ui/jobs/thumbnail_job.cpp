#include "ui/jobs/thumbnail_job.h"

#include <algorithm>

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/frame_image.h"

namespace omniq::ui {
namespace {
constexpr double kUsualFps = 25;  // where the file does not say
}

void ThumbnailJob::make(const QString& file, QSize size, int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    QImage picture;
    if (auto source = open_video(to_path(file), std::min(size.width(), size.height()))) {
      VideoSource& video = **source;
      const double fps = video.fps() > 0 ? video.fps() : kUsualFps;
      const auto second = static_cast<std::int64_t>(fps);
      if (video.seek(std::min(second, video.frames() / 2))) picture = read_image(video);
    } else if (source.error().code == ErrorCode::engine) {
      return tl::unexpected(source.error());
    }
    if (!picture.isNull())
      picture = picture.scaled(size, Qt::KeepAspectRatio, Qt::SmoothTransformation);
    Q_EMIT made(file, picture);
    return {};
  });
}

}  // namespace omniq::ui
