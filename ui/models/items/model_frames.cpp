#include "ui/models/items/model_frames.h"

#include "ui/base/text.h"

namespace omniq::ui {

ModelFrames::ModelFrames(QObject* parent)
    : QAbstractListModel(parent), job_(QStringLiteral("omniq model frames")) {
  job_.on(&ModelFramesJob::found, this, [this](const auto& frames) { show(frames); });
  job_.on(&ModelFramesJob::failed, this, [this](const Error& error) { Q_EMIT failed(error); });
}

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
  job_.ask([request](ModelFramesJob& job, int ticket) { job.look(request, ticket); });
}

void ModelFrames::clear() {
  job_.forget();
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
