// Evaluates runs, one after the other, on a thread of its own.
#pragma once

#include <QObject>
#include <QStringList>
#include <stop_token>
#include <thread>

#include "core/base/result.h"

namespace omniq::ui {

class EvaluateJob : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  ~EvaluateJob() override;

  /// Evaluates these too, after those that wait already.
  void evaluate(const QStringList& runs);
  /// Stops the evaluation under way and forgets those that wait; finished() follows.
  void stop();

  bool active() const { return thread_.joinable(); }
  /// How many wait behind the one under way.
  int waiting() const { return static_cast<int>(queue_.size()); }

 Q_SIGNALS:
  void started(const QString& run);
  /// `clips`: of the test list; else the runs of the latency measurement.
  void progress(bool clips, qint64 done, qint64 total);
  void evaluated(const QString& run);
  void failed(const QString& run, const omniq::Error& error);
  /// None is left.
  void finished();

 private:
  void next();

  QStringList queue_;
  std::jthread thread_;
};

}  // namespace omniq::ui
