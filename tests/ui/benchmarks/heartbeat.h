// How long the GUI thread does not come back to its event loop.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <algorithm>

namespace omniq::ui::bench {

/// A timer of one millisecond: what lies between two of its beats is how long a click would wait.
class Heartbeat : public QObject {
 public:
  Heartbeat() {
    timer_.setTimerType(Qt::PreciseTimer);
    timer_.setInterval(1);
    connect(&timer_, &QTimer::timeout, this, [this] {
      const double gap = static_cast<double>(since_.nsecsElapsed()) / 1e6;
      since_.start();
      longest_ = std::max(longest_, gap);
      over_ += gap > kBlocked;
    });
    restart();
  }
  void restart() {
    longest_ = 0;
    over_ = 0;
    since_.start();
    timer_.start();
  }
  /// The gap under way counts: a thread that never came back has no beat.
  double longest() const {
    return std::max(longest_, static_cast<double>(since_.nsecsElapsed()) / 1e6);
  }
  int over_limit() const { return over_; }

  static constexpr double kBlocked = 50;  // ms that a person notices

 private:
  QTimer timer_;
  QElapsedTimer since_;
  double longest_ = 0;
  int over_ = 0;
};

}  // namespace omniq::ui::bench
