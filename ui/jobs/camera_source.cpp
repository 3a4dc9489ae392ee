#include "ui/jobs/camera_source.h"

#include <QCamera>
#include <QCameraDevice>
#include <QCoreApplication>
#include <QMediaCaptureSession>
#include <QMediaDevices>
#include <QVideoFrame>
#include <QVideoSink>
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
#include <QPermissions>
#endif

#include "ui/base/text.h"

namespace omniq::ui {
namespace {

class CameraSource : public FrameSource {
  // No Q_OBJECT: it has no signals or slots beyond those of its base.
 public:
  CameraSource() {
    connect(&media_, &QMediaDevices::videoInputsChanged, this, [this] {
      Q_EMIT devices_changed();
      if (running_.isEmpty() || find(running_)) return;
      stop();
      Q_EMIT failed({ErrorCode::io, to_std(tr("The camera was unplugged.")),
                     to_std(tr("Plug it in again, or choose another one."))});
    });
    connect(&sink_, &QVideoSink::videoFrameChanged, this, [this](const QVideoFrame& frame) {
      if (running_.isEmpty() || !frame.isValid()) return;
      Q_EMIT this->frame(
          [frame] { return frame.toImage().convertToFormat(QImage::Format_RGB888); });
    });
    session_.setVideoSink(&sink_);
  }
  ~CameraSource() override { stop(); }

  QList<Device> devices() const override {
    QList<Device> all;
    const QCameraDevice favourite = QMediaDevices::defaultVideoInput();
    for (const QCameraDevice& device : QMediaDevices::videoInputs()) {
      const Device one = {device.id(), device.description()};
      device == favourite ? all.prepend(one) : all.append(one);
    }
    return all;
  }

  void start(const QByteArray& id) override {
    stop();
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    const QCameraPermission permission;
    switch (qApp->checkPermission(permission)) {
      case Qt::PermissionStatus::Undetermined:
        qApp->requestPermission(permission, this, [this, id] { start(id); });
        return;
      case Qt::PermissionStatus::Denied:
        Q_EMIT failed({ErrorCode::io, to_std(tr("This program may not use the camera.")),
                       to_std(tr("Allow it in the settings of the system."))});
        return;
      case Qt::PermissionStatus::Granted:
        break;
    }
#endif
    const auto device = find(id);
    if (!device) {
      Q_EMIT failed({ErrorCode::io, to_std(tr("The camera is not there.")),
                     to_std(tr("Plug it in, or choose another one."))});
      return;
    }
    running_ = id;
    camera_ = std::make_unique<QCamera>(*device);
    // Not at once: what reports the error must not be deleted while it does.
    connect(
        camera_.get(), &QCamera::errorOccurred, this,
        [this](QCamera::Error error, const QString& text) {
          if (error == QCamera::NoError || running_.isEmpty()) return;
          stop();
          Q_EMIT failed({ErrorCode::io, to_std(tr("The camera cannot be used: %1.").arg(text)),
                         to_std(tr("Close other programs that use it, and check that you may."))});
        },
        Qt::QueuedConnection);
    session_.setCamera(camera_.get());
    camera_->start();
  }

  void stop() override {
    running_.clear();
    if (!camera_) return;
    camera_->stop();
    session_.setCamera(nullptr);
    camera_.reset();
  }

 private:
  static QString tr(const char* text) {
    return QCoreApplication::translate("omniq::ui::CameraSource", text);
  }
  static std::optional<QCameraDevice> find(const QByteArray& id) {
    for (const QCameraDevice& device : QMediaDevices::videoInputs())
      if (device.id() == id) return device;
    return std::nullopt;
  }

  QMediaDevices media_;
  QVideoSink sink_;
  QMediaCaptureSession session_;
  std::unique_ptr<QCamera> camera_;
  QByteArray running_;  // the device that frames are taken from
};

}  // namespace

std::unique_ptr<FrameSource> make_camera_source() { return std::make_unique<CameraSource>(); }

}  // namespace omniq::ui
