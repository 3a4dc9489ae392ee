#include "ui/jobs/video_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/frame_image.h"

namespace omniq::ui {
namespace {
constexpr std::int64_t kShortSide = 540;
}

void VideoJob::open(const QString& file, int ticket) {
  ticket_ = ticket;
  source_.reset();
  auto source = open_video(to_path(file), kShortSide);
  if (!source) {
    Q_EMIT failed(ticket_, source.error());
    return;
  }
  source_ = std::move(*source);
  Q_EMIT opened(ticket_, source_->frames(), source_->fps());
  next();
}

void VideoJob::next() {
  if (!source_) return;
  const qint64 index = source_->position();
  const QImage picture = read_image(*source_);
  if (picture.isNull()) {
    Q_EMIT ended(ticket_);
    return;
  }
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

void VideoJob::close() { source_.reset(); }

void VideoJob::convert(const PictureMaker& make, int ticket) { Q_EMIT picture(ticket, make()); }

}  // namespace omniq::ui
