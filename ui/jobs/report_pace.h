// How often a job tells about its progress: more than some twelve times a second nobody sees.
#pragma once

#include <QElapsedTimer>

namespace omniq::ui {

class ReportPace {
 public:
  /// The next report is due in a moment.
  void start() { since_.start(); }
  /// The next report is due at once.
  void reset() { since_.invalidate(); }
  /// Whether it is time for a report; the last one always comes.
  bool due(qint64 done, qint64 total) {
    if (since_.isValid() && since_.elapsed() < kLeastInterval && done < total) return false;
    since_.start();
    return true;
  }

 private:
  static constexpr qint64 kLeastInterval = 80;  // ms
  QElapsedTimer since_;
};

}  // namespace omniq::ui
