// Where frames come from that nobody can ask for again: a camera, or what stands for one in a test.
#pragma once

#include <QImage>
#include <QList>
#include <QObject>
#include <functional>
#include <memory>

#include "core/base/result.h"

namespace omniq::ui {

/// Makes the picture of a frame, RGB; null where that is not possible. Called on another thread,
/// because converting takes its time.
using PictureMaker = std::function<QImage()>;

class FrameSource : public QObject {
  Q_OBJECT
 public:
  struct Device {
    QByteArray id;
    QString name;
  };

  using QObject::QObject;

  /// Those that are there now; the system's favourite first.
  virtual QList<Device> devices() const = 0;
  /// Starts a device, or another one than before. frame() follows, or failed().
  virtual void start(const QByteArray& id) = 0;
  virtual void stop() = 0;

 Q_SIGNALS:
  void devices_changed();
  void frame(const omniq::ui::PictureMaker& make);
  /// It has stopped: not allowed, in use elsewhere, unplugged.
  void failed(const omniq::Error& error);
};

using FrameSourceFactory = std::function<std::unique_ptr<FrameSource>()>;

}  // namespace omniq::ui
