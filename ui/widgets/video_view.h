// Shows frames of a video, and takes files that are dropped on it.
#pragma once

#include <QImage>
#include <QWidget>

namespace omniq::ui {

class VideoView : public QWidget {
  Q_OBJECT
 public:
  explicit VideoView(QWidget* parent = nullptr);

  /// Null: an invitation to drop a file.
  void set_picture(const QImage& picture);
  const QImage& picture() const { return picture_; }

 Q_SIGNALS:
  void file_dropped(const QString& file);
  void clicked();

 protected:
  void paintEvent(QPaintEvent*) override;
  void dragEnterEvent(QDragEnterEvent*) override;
  void dragLeaveEvent(QDragLeaveEvent*) override;
  void dropEvent(QDropEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;

 private:
  QImage picture_;
  bool dragged_over_ = false;
};

}  // namespace omniq::ui
