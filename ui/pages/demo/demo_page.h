// Drop a video, or choose a camera: it plays, and the model of a run says what happens in it.
#pragma once

#include <QWidget>

#include "ui/base/worker_thread.h"
#include "ui/jobs/frame_source.h"
#include "ui/jobs/predict_job.h"
#include "ui/models/session/workspace.h"
#include "ui/pages/demo/belief_track.h"

class QAction;
class QComboBox;

namespace omniq::ui {

class AnswerCard;
class ChartView;
class LiveCamera;
class MessageCard;
class Player;
class ProbabilityBars;
class VideoView;

class DemoPage : public QWidget {
  Q_OBJECT
 public:
  /// `make_camera`: where live frames come from; the cameras of this machine.
  explicit DemoPage(Workspace& workspace, QWidget* parent = nullptr);
  DemoPage(Workspace& workspace, FrameSourceFactory make_camera, QWidget* parent = nullptr);

  /// `run`: whose model answers; empty: the one that is chosen.
  void open(const QString& file, const QString& run = {});
  QAction* open_action() const { return open_; }
  QAction* paste_action() const { return paste_; }
  QAction* camera_action() const { return watch_; }
  QAction* play_action() const;
  LiveCamera* camera() const { return camera_; }
  ProbabilityBars* bars() const;
  VideoView* view() const;
  ChartView* timeline() const { return timeline_; }
  /// What `omniq predict --json` prints for this video.
  QByteArray result_json() const;

 protected:
  void changeEvent(QEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void make_layout();
  void connect_model();
  void connect_camera();
  void fill_runs();
  void choose_file();
  void paste();
  /// Forgets what was answered before; the model that answers from here on.
  ModelChoice start_over();
  void classify();
  void start_live();
  void show_answer(const Answer& answer);
  void show_looked(const QList<double>& probabilities, double milliseconds);
  void show_timeline();
  void show_bars();
  void save_json();

  Workspace& workspace_;
  QAction *open_, *paste_, *watch_;
  QComboBox* run_;
  LiveCamera* camera_;
  MessageCard* problem_;
  Player* player_;
  AnswerCard* card_;
  ChartView* timeline_;

  QString file_;
  bool answered_ = false, followed_ = false;  // the whole video; over its time
  bool looking_ = true;       // the model has not answered to the last live frame yet
  QList<double> live_times_;  // seconds of the newest live answers
  Answer answer_;
  BeliefTrack beliefs_;
  JobThread<PredictJob> predict_;
};

}  // namespace omniq::ui
