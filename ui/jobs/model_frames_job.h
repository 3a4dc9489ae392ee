// Finds out what a model is given of a video. Lives on a WorkerThread.
#pragma once

#include <QImage>
#include <QList>
#include <QMetaType>
#include <QObject>
#include <optional>
#include <stop_token>

#include "core/base/result.h"

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

class ModelFramesJob : public QObject {
  Q_OBJECT
 public:
  static constexpr int kPictureSide = 224;  // pixels

  /// Answers with the ticket, unless it was stopped.
  void look(const ModelFramesRequest& request, int ticket, const std::stop_token& stop);

 Q_SIGNALS:
  void found(int ticket, const QList<omniq::ui::GivenFrame>& frames);
  void failed(int ticket, const omniq::Error& error);
};

}  // namespace omniq::ui

Q_DECLARE_METATYPE(omniq::ui::GivenFrame)
