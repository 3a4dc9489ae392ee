#include "ui/models/readers/evaluation.h"

#include <QDir>

#include "core/run/run_folder.h"
#include "ui/base/format.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

Result<EvaluationFiles> read_evaluation(const std::filesystem::path& run) {
  EvaluationFiles files;
  OMNIQ_ASSIGN(files.record, run::read_evaluation(run / "eval"));
  if (const auto opened = run::RunFolder::open(run)) {
    if (const auto experiment = opened->experiment())
      files.data_root = to_qt(experiment->data.root);
  }
  return files;
}

int ClipModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(shown_.size());
}
int ClipModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant ClipModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole || section < 0 ||
      section >= kColumns)
    return {};
  const QString titles[kColumns] = {tr("Clip"), tr("Label"), tr("Predicted"), tr("Probability")};
  return titles[section];
}

QVariant ClipModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
    return {};
  const run::ClipPrediction& clip = clips_[shown_[index.row()]];
  if (role == kFileRole) return QDir(root_).filePath(to_qt(clip.clip));
  if (role == Qt::ToolTipRole && !clip.problem.empty()) return to_qt(clip.problem);
  if (role == Qt::ForegroundRole && index.column() == kPredicted && !clip.correct)
    return Theme::current().bad;
  if (role == Qt::TextAlignmentRole && index.column() == kProbability)
    return static_cast<int>(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (index.column()) {
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
  beginResetModel();
  shown_.clear();
  for (std::size_t i = 0; i < clips_.size(); ++i) {
    if (keep(clips_[i])) shown_.append(static_cast<int>(i));
  }
  endResetModel();
}

void ClipModel::set_clips(const std::vector<run::ClipPrediction>& clips, const QString& root) {
  beginResetModel();
  clips_ = clips;
  root_ = root;
  shown_.clear();
  endResetModel();
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
