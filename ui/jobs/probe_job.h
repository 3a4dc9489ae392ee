// Measures a training step: `omniq probe` in a process of its own.
#pragma once

#include <QObject>
#include <QString>
#include <QTemporaryFile>
#include <memory>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/printed.h"

class QProcess;

namespace omniq::ui {

/// A process of its own is fresh, so that memory that was used before counts for nothing; running
/// out of memory ends it and not the window; and a training beside it keeps its random numbers.
class ProbeJob : public QObject {
  Q_OBJECT
 public:
  /// `program`: the command line's; empty: the one beside this program.
  explicit ProbeJob(const QString& program = {}, QObject* parent = nullptr);
  ~ProbeJob() override;

  void start(const config::Experiment& experiment);
  /// Ends the measurement at once; nothing more is told.
  void cancel();
  bool active() const { return process_ != nullptr; }

 Q_SIGNALS:
  void progress(qint64 step, qint64 steps);
  void measured(const omniq::run::Probe& probe);
  void failed(const omniq::Error& error);

 private:
  void read_progress();
  void finish(int code, bool crashed);
  void leave();

  const QString program_;
  QProcess* process_ = nullptr;  // while one is under way
  std::unique_ptr<QTemporaryFile> config_;
};

}  // namespace omniq::ui
