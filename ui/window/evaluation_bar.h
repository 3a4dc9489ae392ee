// Evaluations that this window makes: a line in the status bar, and what belongs around it.
#pragma once

#include <QElapsedTimer>
#include <QStringList>
#include <QWidget>

#include "ui/jobs/evaluate_job.h"

class QLabel;
class QProgressBar;

namespace omniq::ui {

class EvaluationBar : public QWidget {
  Q_OBJECT
 public:
  explicit EvaluationBar(QWidget* parent = nullptr);

  /// One after the other, after those that wait already.
  void evaluate(const QStringList& runs);

 Q_SIGNALS:
  /// A run has a new evaluation.
  void evaluated(const QString& run);
  void failed(const QString& title, const omniq::Error& error);

 private:
  void begin();
  void next();
  void show_progress(bool clips, qint64 done, qint64 total);

  QStringList queue_;  // the first is under way
  QString name_;
  bool clips_ = true;
  QElapsedTimer since_;  // the phase under way began
  QLabel* text_;
  QProgressBar* bar_;
  JobThread<EvaluateJob> job_{QStringLiteral("omniq evaluation")};
};

}  // namespace omniq::ui
