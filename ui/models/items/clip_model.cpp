#include "ui/models/items/clip_model.h"

#include <QDir>

#include "ui/base/format.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {

ClipModel::ClipModel(QObject* parent)
    : TableModel({{tr("Clip")}, {tr("Label")}, {tr("Predicted")}, {tr("Probability"), true}},
                 parent) {}

QVariant ClipModel::cell(int row, int column, int role) const {
  const run::ClipPrediction& clip = clips_[rows_[row]];
  if (role == kFileRole) return QDir(root_).filePath(to_qt(clip.clip));
  if (role == Qt::ToolTipRole && !clip.problem.empty()) return to_qt(clip.problem);
  if (role == Qt::ForegroundRole && column == kPredicted && !clip.correct)
    return Theme::current().bad;
  if (role != Qt::DisplayRole) return {};
  switch (column) {
    case kClip:
      return to_qt(clip.clip);
    case kLabel:
      return to_qt(clip.label);
    case kPredicted:
      return clip.top.empty() ? tr("unreadable") : to_qt(clip.top.front().label);
    default:
      return percent_text(clip.top.empty() ? 0 : 100 * clip.top.front().probability);
  }
}

template <class Keep>
void ClipModel::show(Keep keep) {
  QList<int> shown;
  for (std::size_t i = 0; i < clips_.size(); ++i) {
    if (keep(clips_[i])) shown.append(static_cast<int>(i));
  }
  set_rows(std::move(shown));
}

void ClipModel::set_clips(const std::vector<run::ClipPrediction>& clips, const QString& root) {
  set_rows({});
  clips_ = clips;
  root_ = root;
  show_all();
}
void ClipModel::show_all() {
  show([](const run::ClipPrediction&) { return true; });
}
void ClipModel::show_wrong() {
  show([](const run::ClipPrediction& clip) { return !clip.correct; });
}
void ClipModel::show_cell(const std::string& label, const std::string& predicted) {
  show([&](const run::ClipPrediction& clip) {
    return clip.label == label && !clip.top.empty() && clip.top.front().label == predicted;
  });
}

}  // namespace omniq::ui
