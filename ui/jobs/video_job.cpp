#include "ui/jobs/video_job.h"

#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/jobs/frame_image.h"

namespace omniq::ui {
namespace {
constexpr std::int64_t kShortSide = 540;
}

void VideoJob::open(const QString& file, int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    source_.reset();
    OMNIQ_ASSIGN(source_, open_video(to_path(file), kShortSide));
    Q_EMIT opened(ticket, source_->frames(), source_->fps());
    return show_next(ticket);
  });
}

void VideoJob::next(int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) { return show_next(ticket); });
}

void VideoJob::seek(qint64 frame, int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    if (!source_) return {};
    OMNIQ_TRY(source_->seek(frame));
    return show_next(ticket);
  });
}

void VideoJob::close(int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    source_.reset();
    return {};
  });
}

void VideoJob::convert(const PictureMaker& make, int ticket) {
  perform(ticket, {}, [&](const std::stop_token&) -> Status {
    Q_EMIT picture(ticket, make());
    return {};
  });
}

Status VideoJob::show_next(int ticket) {
  if (!source_) return {};
  const qint64 index = source_->position();
  const QImage picture = read_image(*source_);
  if (picture.isNull()) {
    Q_EMIT ended(ticket);
  } else {
    Q_EMIT frame(ticket, picture, index);
  }
  return {};
}

}  // namespace omniq::ui
