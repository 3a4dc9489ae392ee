#include "ui/base/notifier.h"

#include <QCoreApplication>
#include <QIcon>
#include <QSystemTrayIcon>
#include <QTimer>

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

constexpr int kMessageTime = 15000;  // ms

class TrayNotifier : public Notifier {
 public:
  TrayNotifier() {
    icon_.setIcon(QIcon(u":/icons/app_icon.svg"_s));
    icon_.setToolTip(QCoreApplication::translate("Notifier", "OmniQ Studio"));
    message_.setSingleShot(true);
    message_.setInterval(kMessageTime);
    connect(&message_, &QTimer::timeout, this, [this] { icon_.setVisible(waiting_); });
    connect(&icon_, &QSystemTrayIcon::messageClicked, this, &Notifier::clicked);
    connect(&icon_, &QSystemTrayIcon::activated, this,
            [this](QSystemTrayIcon::ActivationReason reason) {
              if (reason == QSystemTrayIcon::Trigger) Q_EMIT clicked();
            });
  }

  void set_waiting(bool waiting) override {
    waiting_ = waiting && QSystemTrayIcon::isSystemTrayAvailable();
    if (waiting_ || !message_.isActive()) icon_.setVisible(waiting_);
  }

  void notify(const QString& title, const QString& text) override {
    if (!QSystemTrayIcon::isSystemTrayAvailable()) return;
    icon_.show();  // a message hangs on a visible icon
    icon_.showMessage(title, text, icon_.icon(), kMessageTime);
    message_.start();
  }

 private:
  QSystemTrayIcon icon_;
  QTimer message_;
  bool waiting_ = false;
};

}  // namespace

std::unique_ptr<Notifier> make_tray_notifier() { return std::make_unique<TrayNotifier>(); }

}  // namespace omniq::ui
