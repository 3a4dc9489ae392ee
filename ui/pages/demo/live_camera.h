// Looks through a camera with a model: which one, how it goes, and what to do when it stops.
#pragma once

#include <QElapsedTimer>
#include <QWidget>

#include "ui/jobs/frame_source.h"

class QComboBox;
class QPushButton;

namespace omniq::ui {

class LiveCamera : public QWidget {
  Q_OBJECT
 public:
  /// `make` is called when a camera is first asked for.
  explicit LiveCamera(FrameSourceFactory make, QWidget* parent = nullptr);

  bool running() const { return running_; }
  double seconds() const;  // since the start
  QString name() const;    // of the device that is chosen
  /// How many of the newest frames a clip is made of.
  qint64 window() const;
  /// The chosen device, or the system's favourite.
  void start();
  void stop();

 Q_SIGNALS:
  void started();
  void stopped();
  void window_changed();
  void frame(const omniq::ui::PictureMaker& make);
  void failed(const omniq::Error& error);

 private:
  void fill_devices();
  void show_state();

  FrameSourceFactory make_;
  std::unique_ptr<FrameSource> source_;
  QPushButton* button_;
  QComboBox *device_, *window_;
  bool running_ = false;
  QElapsedTimer clock_;
};

}  // namespace omniq::ui
