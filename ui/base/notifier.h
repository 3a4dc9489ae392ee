// Messages on the desktop, for somebody who is not looking at the window.
#pragma once

#include <QObject>
#include <QString>
#include <memory>

namespace omniq::ui {

class Notifier : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  /// Whether something goes on that is worth an icon in the tray.
  virtual void set_waiting(bool waiting) = 0;
  virtual void notify(const QString& title, const QString& text) = 0;

 Q_SIGNALS:
  /// The user clicked the message or the icon.
  void clicked();
};

/// By the desktop's tray. Without one nothing is shown.
std::unique_ptr<Notifier> make_tray_notifier();

}  // namespace omniq::ui
