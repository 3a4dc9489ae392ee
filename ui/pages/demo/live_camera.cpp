#include "ui/pages/demo/live_camera.h"

#include <QComboBox>
#include <QPushButton>

#include "ui/base/text.h"
#include "ui/widgets/parts.h"

namespace omniq::ui {

namespace {
constexpr int kUsualFps = 25;  // of what models are trained on
}

LiveCamera::LiveCamera(FrameSourceFactory make, QWidget* parent)
    : QWidget(parent), make_(std::move(make)) {
  button_ = new QPushButton;
  device_ = new QComboBox;
  device_->setAccessibleName(tr("Camera"));
  device_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  device_->setMaximumWidth(220);
  window_ = new QComboBox;
  window_->setAccessibleName(tr("Seconds that an answer is about"));
  window_->setToolTip(tr("How far back the model looks, where it was trained on whole clips"));
  for (const int seconds : {1, 2, 4, 8})
    window_->addItem(tr("last %n second(s)", nullptr, seconds), seconds);
  window_->setCurrentIndex(1);
  lay_out(this, in_row({device_, window_, button_}));
  connect(button_, &QPushButton::clicked, this, [this] { running_ ? stop() : start(); });
  connect(device_, &QComboBox::activated, this, [this] {
    if (running_) start();
  });
  connect(window_, &QComboBox::activated, this, &LiveCamera::window_changed);
  show_state();
}

void LiveCamera::start() {
  if (!source_) {
    source_ = make_();
    connect(source_.get(), &FrameSource::devices_changed, this, &LiveCamera::fill_devices);
    connect(source_.get(), &FrameSource::frame, this, [this](const PictureMaker& picture) {
      if (running_) Q_EMIT frame(picture);
    });
    connect(source_.get(), &FrameSource::failed, this, [this](const Error& error) {
      stop();
      Q_EMIT failed(error);
    });
  }
  fill_devices();
  if (device_->count() == 0) {
    stop();
    Q_EMIT failed({ErrorCode::io, to_std(tr("No camera was found.")),
                   to_std(tr("Plug one in; it appears here by itself."))});
    return;
  }
  running_ = true;
  clock_.start();
  show_state();
  Q_EMIT started();
  source_->start(device_->currentData().toByteArray());
}

void LiveCamera::stop() {
  if (source_) source_->stop();
  const bool was_running = std::exchange(running_, false);
  show_state();
  if (was_running) Q_EMIT stopped();
}

double LiveCamera::seconds() const {
  return running_ ? static_cast<double>(clock_.elapsed()) / 1000 : 0;
}

QString LiveCamera::name() const { return device_->currentText(); }

qint64 LiveCamera::window() const { return window_->currentData().toInt() * kUsualFps; }

void LiveCamera::fill_devices() {
  const QByteArray chosen = device_->currentData().toByteArray();
  device_->clear();
  for (const FrameSource::Device& device : source_->devices())
    device_->addItem(device.name, device.id);
  device_->setCurrentIndex(std::max(device_->findData(chosen), device_->count() > 0 ? 0 : -1));
  show_state();
}

void LiveCamera::show_state() {
  button_->setText(running_ ? tr("Stop camera") : tr("Camera"));
  device_->setVisible(device_->count() > 1 || (running_ && device_->count() > 0));
  window_->setVisible(running_);
}

}  // namespace omniq::ui
