// Classifies videos with the model of a run, on the thread where torch and the GPU are first
// touched.
#pragma once

#include <QImage>
#include <QStringList>

#include "ui/engine/classifier.h"
#include "ui/jobs/job.h"

namespace omniq::ui {

struct ModelChoice {
  QString run;           // its folder
  QStringList settings;  // of the run that are replaced, "device=cpu"
  bool operator==(const ModelChoice&) const = default;
};

class PredictJob : public Job {
  Q_OBJECT
 public:
  /// Loads the model where it is not loaded yet, answers for the whole video, then follows it over
  /// its time.
  void classify(const ModelChoice& model, const QString& video, int ticket);
  /// Loads the model for frames that come one by one; answers with live_ready(). Clips are made of
  /// the newest `window` frames.
  void start_live(const ModelChoice& model, qint64 window, int ticket);
  /// The next frame, RGB888; answers with looked().
  void look(const QImage& picture, int ticket);

 Q_SIGNALS:
  void loading(int ticket);
  void answered(int ticket, const omniq::ui::Answer& answer);
  void moment(int ticket, qint64 frame, const QStringList& classes,
              const QList<double>& probabilities);
  void live_ready(int ticket, const QStringList& classes);
  void looked(int ticket, const QList<double>& probabilities, double milliseconds);
  void done(int ticket);

 private:
  Status load(const ModelChoice& model, int ticket);

  ModelChoice loaded_;
  QStringList classes_;
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace omniq::ui
