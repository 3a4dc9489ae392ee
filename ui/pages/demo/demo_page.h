// Drop a video: it plays, and the model of a run says what happens in it.
#pragma once

#include <QList>
#include <QTimer>
#include <QWidget>

#include "ui/base/worker_thread.h"
#include "ui/jobs/predict_job.h"
#include "ui/jobs/video_job.h"
#include "ui/models/workspace.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;
class QSlider;
class QToolButton;

namespace omniq::ui {

class ChartView;
class MessageCard;
class ProbabilityBars;
class VideoView;

class DemoPage : public QWidget {
  Q_OBJECT
 public:
  explicit DemoPage(Workspace& workspace, QWidget* parent = nullptr);

  /// `run`: whose model answers; empty: the one that is chosen.
  void open(const QString& file, const QString& run = {});
  QAction* open_action() const { return open_; }
  QAction* play_action() const { return play_; }
  ProbabilityBars* bars() const { return bars_; }
  VideoView* view() const { return view_; }
  ChartView* timeline() const { return timeline_; }
  /// What `omniq predict --json` prints for this video.
  QByteArray result_json() const;

 protected:
  void changeEvent(QEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  QWidget* make_player();
  QWidget* make_answer();
  void connect_jobs();
  void fill_runs();
  void choose_file();
  void classify();
  void set_playing(bool playing);
  void show_frame(const QImage& picture, qint64 index);
  void show_answer(const Answer& answer);
  void add_moment(qint64 frame, const QStringList& classes, const QList<double>& probabilities);
  void show_timeline();
  void show_bars();
  void show_icons();
  void save_json();

  struct Moment {
    qint64 frame;
    QList<double> probabilities;
  };

  Workspace& workspace_;
  QAction *open_, *play_;
  QComboBox *run_, *speed_;
  QCheckBox* loop_;
  MessageCard* problem_;
  VideoView* view_;
  QSlider* seek_;
  QLabel *time_, *verdict_, *figures_;
  QToolButton* play_button_;
  QPushButton *copy_, *save_;
  ProbabilityBars* bars_;
  ChartView* timeline_;

  QString file_;
  int ticket_ = 0;  // of the video and run that are shown; answers with another are too late
  qint64 frames_ = 0, frame_ = 0;
  double fps_ = 0;
  bool playing_ = false, asked_ = false;
  QTimer clock_;
  bool answered_ = false;
  Answer answer_;
  QStringList classes_;
  QList<Moment> moments_;
  WorkerThread<VideoJob> video_;
  WorkerThread<PredictJob> predict_;
};

}  // namespace omniq::ui
