// What a model is given of a video: its frames in the order in which they come.
#pragma once

#include <QAbstractListModel>
#include <QPixmap>

#include "ui/jobs/model_frames_job.h"

namespace omniq::ui {

class ModelFrames : public QAbstractListModel {
  Q_OBJECT
 public:
  enum Role { kNumberRole = Qt::UserRole, kTimeRole, kViewRole };

  explicit ModelFrames(QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

  /// Forgets what is there and what was asked for before; found() follows, or failed().
  void ask(const ModelFramesRequest& request);
  void clear();

  /// How many views there are, and how large a frame is, in pixels.
  int views() const;
  int side() const { return side_; }

  /// On the screen, which may have two pixels for each of these.
  static constexpr int kPictureSide = ModelFramesJob::kPictureSide / 2;

 Q_SIGNALS:
  void found();
  void failed(const omniq::Error& error);

 private:
  struct Frame {
    int view;
    qint64 number;
    double time;
    QPixmap picture;
  };
  void show(const QList<GivenFrame>& frames);

  QList<Frame> frames_;
  int side_ = 0;
  JobThread<ModelFramesJob> job_;
};

}  // namespace omniq::ui
