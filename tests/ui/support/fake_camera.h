// Cameras that a test plugs in and out.
#pragma once

#include "ui/jobs/frame_source.h"

namespace omniq::ui::test {

class FakeCamera : public FrameSource {
  Q_OBJECT
 public:
  QList<Device> devices() const override { return devices_; }
  void start(const QByteArray& id) override {
    ++starts;
    if (denied) {
      Q_EMIT failed({ErrorCode::io, "This program may not use the camera.", ""});
      return;
    }
    running = id;
  }
  void stop() override { running.clear(); }

  void plug(const QList<Device>& devices) {
    devices_ = devices;
    Q_EMIT devices_changed();
  }
  void unplug() {
    plug({});
    Q_EMIT failed({ErrorCode::io, "The camera was unplugged.", ""});
  }
  void send(const QImage& picture) {
    Q_EMIT frame([picture] { return picture; });
  }

  bool denied = false;
  int starts = 0;
  QByteArray running;

 private:
  QList<Device> devices_;
};

}  // namespace omniq::ui::test
