// Finds out what a model is given of a video.
#pragma once

#include <QImage>
#include <QList>
#include <optional>

#include "ui/jobs/job.h"

namespace omniq::ui {

/// A ModelFrame for the screen.
struct GivenFrame {
  int view = 0;
  qint64 number = 0;
  double time = 0;  // seconds
  int side = 0;     // of what the model is given, in pixels
  QImage picture;   // kPictureSide wide and high
};

struct ModelFramesRequest {
  QString video;
  QString config;               // a YAML file; empty: the defaults
  std::optional<quint64> seed;  // of training; none: as evaluation takes clips
};

class ModelFramesJob : public Job {
  Q_OBJECT
 public:
  static constexpr int kPictureSide = 224;  // pixels

  void look(const ModelFramesRequest& request, int ticket);

 Q_SIGNALS:
  void found(int ticket, const QList<omniq::ui::GivenFrame>& frames);
};

}  // namespace omniq::ui
