#include "ui/models/items/workspace_model.h"

#include "ui/base/format.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

WorkspaceModel::WorkspaceModel(QObject* parent)
    : TableModel(
          {{tr("Name")},
           {tr("State")},
           {tr("Fusion")},
           {tr("Epoch"), true},
           {tr("Best Top-1"), true,
            tr("Best Top-1 on held-out clips, or of the last epoch where none are held out")},
           {tr("Last loss"), true},
           {tr("Peak VRAM"), true, tr("Most GPU memory allocated at once; nothing on the CPU")},
           {tr("Time left"), true, tr("Estimated from the pace of the last steps")},
           {tr("Started")},
           {tr("Tags")},
           {tr("Note")}},
          parent) {}

QVariant WorkspaceModel::cell(int row, int column, int role) const {
  const RunInfo& run = rows_[row];
  switch (role) {
    case Qt::DisplayRole:
      return text(run, column);
    case Qt::EditRole:
      return column == kNote ? run.note : text(run, column);
    case Qt::AccessibleTextRole:
      return columns_[column].title + u": "_s + text(run, column);
    case Qt::ToolTipRole:
      return tool_tip(run, column);
    case kSortRole:
      return sort_value(run, column);
    case kPathRole:
      return run.path;
    case kStateRole:
      return state_key(run);
    case kProgressRole:
      return run.steps > 0 ? static_cast<double>(run.step) / static_cast<double>(run.steps) : 0.0;
    default:
      return {};
  }
}

Qt::ItemFlags WorkspaceModel::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = TableModel::flags(index);
  const int column = index.column();
  if (index.isValid() && (column == kName || column == kTags || column == kNote))
    flags |= Qt::ItemIsEditable;
  return flags;
}

bool WorkspaceModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) return false;
  if (value.toString() != data(index, Qt::EditRole).toString())
    Q_EMIT edited(rows_[index.row()].path, index.column(), value.toString());
  return true;
}

QString WorkspaceModel::text(const RunInfo& run, int column) const {
  switch (column) {
    case kName:
      return run.name;
    case kState:
      return state_text(state_key(run));
    case kFusion:
      return run.fusion;
    case kEpoch:
      return run.epochs > 0 ? u"%1 / %2"_s.arg(run.epoch).arg(run.epochs) : dash();
    case kBestTop1:
      return percent_text(run.best_top1);
    case kLastLoss:
      return std::isnan(run.last_loss) ? dash() : QString::number(run.last_loss, 'f', 3);
    case kPeakVram:
      return bytes_text(run.peak_vram);
    case kTimeLeft:
      return duration_text(run.seconds_left);
    case kStarted:
      return time_text(run.started);
    case kTags:
      return run.tags.join(u", "_s);
    case kNote:
      return run.note.section(u'\n', 0, 0);
    default:
      return {};
  }
}

QVariant WorkspaceModel::sort_value(const RunInfo& run, int column) const {
  switch (column) {
    case kEpoch:
      return run.epoch;
    case kBestTop1:
      return run.best_top1;
    case kLastLoss:  // runs without a loss after all others
      return std::isnan(run.last_loss) ? 1e300 : run.last_loss;
    case kPeakVram:
      return run.peak_vram;
    case kTimeLeft:
      return run.seconds_left < 0 ? 1e300 : run.seconds_left;
    case kStarted:
      return run.started;
    default:
      return text(run, column).toLower();
  }
}

QString WorkspaceModel::tool_tip(const RunInfo& run, int column) const {
  if (column == kState && !run.problem.isEmpty()) return run.problem;
  if (column == kName) return run.path;
  if (column == kNote) return run.note;
  return {};
}

const RunInfo* WorkspaceModel::find(const QString& path) const {
  const auto found = row_of_.find(path);
  return found == row_of_.end() ? nullptr : &rows_[*found];
}

QModelIndex WorkspaceModel::index_of(const QString& path) const {
  const auto found = row_of_.find(path);
  return found == row_of_.end() ? QModelIndex() : index(*found, 0);
}

void WorkspaceModel::apply(const QList<RunInfo>& runs) {
  QList<RunInfo> added;
  for (const RunInfo& run : runs) {
    const auto found = row_of_.find(run.path);
    if (found == row_of_.end()) {
      added.append(run);
    } else {
      rows_[*found] = run;
      Q_EMIT dataChanged(index(*found, 0), index(*found, kColumns - 1));
    }
  }
  if (added.isEmpty()) return;
  const int first = static_cast<int>(rows_.size());
  beginInsertRows({}, first, first + static_cast<int>(added.size()) - 1);
  for (const RunInfo& run : added) {
    row_of_[run.path] = static_cast<int>(rows_.size());
    rows_.append(run);
  }
  endInsertRows();
}

void WorkspaceModel::remove(const QStringList& paths) {
  if (paths.size() > 20) {  // another workspace: one reset instead of a thousand removals
    beginResetModel();
    for (const QString& path : paths) row_of_.remove(path);
    rows_.removeIf([this](const RunInfo& run) { return !row_of_.contains(run.path); });
    for (int row = 0; row < rows_.size(); ++row) row_of_[rows_[row].path] = row;
    endResetModel();
    return;
  }
  for (const QString& path : paths) {
    const auto found = row_of_.find(path);
    if (found == row_of_.end()) continue;
    const int row = *found;
    beginRemoveRows({}, row, row);
    rows_.removeAt(row);
    row_of_.remove(path);
    for (int i = row; i < rows_.size(); ++i) row_of_[rows_[i].path] = i;
    endRemoveRows();
  }
}

}  // namespace omniq::ui
