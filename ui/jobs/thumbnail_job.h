// Small pictures of videos.
#pragma once

#include <QImage>
#include <QSize>

#include "ui/jobs/job.h"

namespace omniq::ui {

class ThumbnailJob : public Job {
  Q_OBJECT
 public:
  /// Decodes a frame of a second into the video, no larger than `size`.
  void make(const QString& file, QSize size, int ticket);

 Q_SIGNALS:
  /// A null picture: the file cannot be decoded.
  void made(const QString& file, const QImage& picture);
};

}  // namespace omniq::ui
