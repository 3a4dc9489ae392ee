// SIGHUP, SIGINT and SIGTERM as a wish to end the window.
#pragma once

#include <QObject>
#include <QSocketNotifier>

namespace omniq::ui {

/// One in a process, made on the GUI thread. Processes that the window starts get the signals as
/// ever.
class QuitSignals : public QObject {
  Q_OBJECT
 public:
  explicit QuitSignals(QObject* parent = nullptr);
  ~QuitSignals() override;

 Q_SIGNALS:
  /// A signal came, on the GUI thread. The next one of its kind ends the process at once.
  void asked(int signal);

 private:
  int pipe_[2] = {-1, -1};
  QSocketNotifier* notifier_ = nullptr;
};

}  // namespace omniq::ui
