// Decodes a video for the screen. Lives on a WorkerThread.
#pragma once

#include <QImage>
#include <QObject>
#include <memory>

#include "ui/engine/video_source.h"
#include "ui/jobs/frame_source.h"

namespace omniq::ui {

/// Who plays asks for one frame at a time; every answer carries the ticket of the video, so that
/// those of a video that was left are known.
class VideoJob : public QObject {
  Q_OBJECT
 public:
  void open(const QString& file, int ticket);
  void next();
  void seek(qint64 frame);
  /// Forgets the video.
  void close();
  /// Answers with picture().
  void convert(const omniq::ui::PictureMaker& make, int ticket);

 Q_SIGNALS:
  void opened(int ticket, qint64 frames, double fps);
  void frame(int ticket, const QImage& picture, qint64 index);
  void ended(int ticket);
  void picture(int ticket, const QImage& picture);
  void failed(int ticket, const omniq::Error& error);

 private:
  int ticket_ = 0;
  std::unique_ptr<VideoSource> source_;
};

}  // namespace omniq::ui
