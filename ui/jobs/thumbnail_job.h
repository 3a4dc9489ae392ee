// Small pictures of videos. Lives on a WorkerThread.
#pragma once

#include <QImage>
#include <QObject>
#include <atomic>

namespace omniq::ui {

class ThumbnailJob : public QObject {
  Q_OBJECT
 public:
  /// Decodes a frame of a second into the video, no larger than `size`.
  void make(const QString& file, QSize size, int ticket);
  /// From any thread: what was asked for with tickets before this one is not wanted any more.
  void set_wanted(int ticket) { wanted_ = ticket; }

 Q_SIGNALS:
  /// A null picture: the file cannot be decoded.
  void made(const QString& file, const QImage& picture);

 private:
  std::atomic<int> wanted_ = 0;
};

}  // namespace omniq::ui
