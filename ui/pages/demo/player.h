// Plays a video file: the picture, and below it what starts, stops and seeks. Shows live pictures
// too, which somebody else brings.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/base/worker_thread.h"
#include "ui/jobs/video_job.h"

class QAction;
class QCheckBox;
class QComboBox;
class QLabel;
class QSlider;
class QToolButton;

namespace omniq::ui {

class VideoView;

class Player : public QWidget {
  Q_OBJECT
 public:
  explicit Player(QWidget* parent = nullptr);

  void open(const QString& file);
  /// Live pictures instead of a file: there is nothing to seek, and play_action() emits
  /// live_toggled().
  void start_live();
  /// A frame for show_live's picture; answers with live_picture() and shows it. Frames that come
  /// while one is being made are dropped.
  void offer(const PictureMaker& make);
  void show_live_state(bool running, double seconds);
  void pause() { set_playing(false); }

  bool live() const { return live_; }
  double seconds() const;  // into the video, of the frame that is shown
  double fps() const;      // a usual one where the file does not say
  QAction* play_action() const { return play_; }
  VideoView* view() const { return view_; }

 Q_SIGNALS:
  void opened();
  void moved(double seconds);
  void live_picture(const QImage& picture);
  void live_toggled();
  void failed(const omniq::Error& error);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void make_controls();
  void connect_job();
  void set_playing(bool playing);
  void show_frame(const QImage& picture, qint64 index);
  void show_icons();
  void show_seeking(bool on);

  QAction* play_;
  VideoView* view_;
  QToolButton* play_button_;
  QSlider* seek_;
  QLabel* time_;
  QComboBox* speed_;
  QCheckBox* loop_;

  bool open_ = false, live_ = false;
  bool playing_ = false, asked_ = false;
  qint64 frames_ = 0, frame_ = 0;
  double fps_ = 0;
  QTimer clock_;
  JobThread<VideoJob> job_;
};

}  // namespace omniq::ui
