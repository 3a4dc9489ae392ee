#include "ui/jobs/thumbnail_job.h"

#include <algorithm>

#include "ui/base/text.h"
#include "ui/jobs/engine/video_source.h"
#include "ui/jobs/frame_image.h"

namespace omniq::ui {
namespace {
constexpr double kUsualFps = 25;  // where the file does not say
}

void ThumbnailJob::make(const QString& file, QSize size, int ticket) {
  if (ticket != wanted_) return;
  QImage picture;
  if (auto source = VideoSource::open(to_path(file), std::min(size.width(), size.height()))) {
    const double fps = source->fps() > 0 ? source->fps() : kUsualFps;
    const auto second = static_cast<std::int64_t>(fps);
    if (source->seek(std::min(second, source->frames() / 2))) picture = read_image(*source);
  }
  if (!picture.isNull())
    picture = picture.scaled(size, Qt::KeepAspectRatio, Qt::SmoothTransformation);
  Q_EMIT made(file, picture);
}

}  // namespace omniq::ui
