// Classifies videos with the model of a run. Lives on a WorkerThread, which is where torch and the
// GPU are first touched.
#pragma once

#include <QMetaType>
#include <QObject>
#include <QStringList>
#include <atomic>
#include <optional>

#include "ui/jobs/engine/classifier.h"

namespace omniq::ui {

class PredictJob : public QObject {
  Q_OBJECT
 public:
  /// Loads the run's model where it is not loaded yet, answers for the whole video, then follows it
  /// over its time.
  void classify(const QString& run, const QString& video, int ticket);
  /// From any thread: answers for tickets before this one are not wanted any more.
  void set_wanted(int ticket) { wanted_ = ticket; }

 Q_SIGNALS:
  void loading(int ticket);
  void answered(int ticket, const omniq::ui::Answer& answer);
  void moment(int ticket, qint64 frame, const QStringList& classes,
              const QList<double>& probabilities);
  void done(int ticket);
  void failed(int ticket, const omniq::Error& error);

 private:
  Status work(const QString& run, const QString& video, int ticket);

  std::atomic<int> wanted_ = 0;
  QString run_;
  QStringList classes_;
  std::optional<Classifier> classifier_;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::Answer)
