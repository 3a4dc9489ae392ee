#include "ui/models/model_frames.h"

#include "ui/base/text.h"

namespace omniq::ui {

ModelFrames::ModelFrames(QObject* parent)
    : QAbstractListModel(parent), job_(QStringLiteral("omniq model frames")) {
  connect(job_.worker(), &ModelFramesJob::found, this,
          [this](int ticket, const QList<GivenFrame>& frames) {
            if (ticket == ticket_) show(frames);
          });
  connect(job_.worker(), &ModelFramesJob::failed, this, [this](int ticket, const Error& error) {
    if (ticket == ticket_) Q_EMIT failed(error);
  });
}

ModelFrames::~ModelFrames() { stop_.request_stop(); }

int ModelFrames::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(frames_.size());
}

QVariant ModelFrames::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Frame& frame = frames_[index.row()];
  switch (role) {
    case Qt::DisplayRole:
      return tr("%1 · %2 s").arg(frame.number).arg(frame.time, 0, 'f', 2);
    case Qt::ToolTipRole:
      return tr("Frame %1 of the video, counted from 0, shown at %2 s")
          .arg(frame.number)
          .arg(frame.time, 0, 'f', 3);
    case Qt::DecorationRole:
      return frame.picture;
    case kNumberRole:
      return frame.number;
    case kTimeRole:
      return frame.time;
    case kViewRole:
      return frame.view;
    default:
      return {};
  }
}

void ModelFrames::ask(const ModelFramesRequest& request) {
  clear();
  stop_ = {};
  job_.post([request, ticket = ticket_, stop = stop_.get_token()](ModelFramesJob& job) {
    job.look(request, ticket, stop);
  });
}

void ModelFrames::clear() {
  stop_.request_stop();
  ++ticket_;
  if (frames_.isEmpty()) return;
  beginResetModel();
  frames_.clear();
  endResetModel();
}

int ModelFrames::views() const { return frames_.isEmpty() ? 0 : frames_.last().view + 1; }

void ModelFrames::show(const QList<GivenFrame>& frames) {
  beginResetModel();
  for (const GivenFrame& frame : frames) {
    auto picture = QPixmap::fromImage(frame.picture);
    picture.setDevicePixelRatio(2);
    frames_.append({frame.view, frame.number, frame.time, std::move(picture)});
  }
  side_ = frames.isEmpty() ? 0 : frames.front().side;
  endResetModel();
  Q_EMIT found();
}

}  // namespace omniq::ui
