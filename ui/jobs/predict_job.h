// Classifies videos with the model of a run. Lives on a WorkerThread, which is where torch and the
// GPU are first touched.
#pragma once

#include <QImage>
#include <QMetaType>
#include <QObject>
#include <QStringList>
#include <atomic>
#include <functional>
#include <optional>

#include "ui/engine/classifier.h"

namespace omniq::ui {

struct ModelChoice {
  QString run;           // its folder
  QStringList settings;  // of the run that are replaced, "device=cpu"
  bool operator==(const ModelChoice&) const = default;
};

class PredictJob : public QObject {
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
  /// From any thread: answers for tickets before this one are not wanted any more.
  void set_wanted(int ticket) { wanted_ = ticket; }

 Q_SIGNALS:
  void loading(int ticket);
  void answered(int ticket, const omniq::ui::Answer& answer);
  void moment(int ticket, qint64 frame, const QStringList& classes,
              const QList<double>& probabilities);
  void live_ready(int ticket, const QStringList& classes);
  void looked(int ticket, const QList<double>& probabilities, double milliseconds);
  void done(int ticket);
  void failed(int ticket, const omniq::Error& error);

 private:
  Status load(const ModelChoice& model, int ticket);
  Status follow(const QString& video, int ticket);
  void guarded(int ticket, const std::function<Status()>& work);

  std::atomic<int> wanted_ = 0;
  ModelChoice loaded_;
  QStringList classes_;
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::Answer)
