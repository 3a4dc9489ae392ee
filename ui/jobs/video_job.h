// Decodes a video for the screen.
#pragma once

#include <QImage>
#include <memory>

#include "ui/engine/video_source.h"
#include "ui/jobs/frame_source.h"
#include "ui/jobs/job.h"

namespace omniq::ui {

/// Who plays asks for one frame at a time, with the ticket of the video.
class VideoJob : public Job {
  Q_OBJECT
 public:
  void open(const QString& file, int ticket);
  void next(int ticket);
  void seek(qint64 frame, int ticket);
  /// Forgets the video.
  void close(int ticket);
  /// Answers with picture().
  void convert(const omniq::ui::PictureMaker& make, int ticket);

 Q_SIGNALS:
  void opened(int ticket, qint64 frames, double fps);
  void frame(int ticket, const QImage& picture, qint64 index);
  void ended(int ticket);
  void picture(int ticket, const QImage& picture);

 private:
  Status show_next(int ticket);

  std::unique_ptr<VideoSource> source_;
};

}  // namespace omniq::ui
