#include "ui/jobs/video_job.h"

#include <vector>

#include "ui/base/text.h"

namespace omniq::ui {
namespace {
constexpr std::int64_t kShortSide = 540;
}

void VideoJob::open(const QString& file, int ticket) {
  ticket_ = ticket;
  auto source = VideoSource::open(to_path(file), kShortSide);
  if (!source) {
    source_.reset();
    Q_EMIT failed(ticket_, source.error());
    return;
  }
  source_ = std::make_unique<VideoSource>(std::move(*source));
  Q_EMIT opened(ticket_, source_->frames(), source_->fps());
  next();
}

void VideoJob::next() {
  if (!source_) return;
  const int width = source_->width(), height = source_->height();
  const qint64 index = source_->position();
  QImage picture(width, height, QImage::Format_RGB888);
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(width) * height * 3);
  if (!source_->read(rgb.data())) {
    Q_EMIT ended(ticket_);
    return;
  }
  for (int y = 0; y < height; ++y)  // an image's rows are padded to four bytes
    std::copy_n(rgb.data() + static_cast<std::size_t>(y) * width * 3, width * 3,
                picture.scanLine(y));
  Q_EMIT frame(ticket_, picture, index);
}

void VideoJob::seek(qint64 frame) {
  if (!source_) return;
  if (const Status moved = source_->seek(frame); !moved) {
    Q_EMIT failed(ticket_, moved.error());
    return;
  }
  next();
}

}  // namespace omniq::ui
