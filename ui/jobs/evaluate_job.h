// Evaluates a run on its test list.
#pragma once

#include "ui/jobs/job.h"

namespace omniq::ui {

class EvaluateJob : public Job {
  Q_OBJECT
 public:
  void evaluate(const QString& run, int ticket);

 Q_SIGNALS:
  /// `clips`: of the test list; else the runs of the latency measurement.
  void progress(int ticket, bool clips, qint64 done, qint64 total);
  void evaluated(int ticket, const QString& run);
};

}  // namespace omniq::ui
