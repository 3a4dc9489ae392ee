#include "ui/models/items/workspace_model.h"

#include "ui/base/format.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

int WorkspaceModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(runs_.size());
}

int WorkspaceModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QVariant WorkspaceModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= kColumns) return {};
  if (role == Qt::TextAlignmentRole)
    return static_cast<int>(data(index(0, section), role).toInt() | Qt::AlignVCenter);
  if (role == Qt::DisplayRole) {
    const QString titles[kColumns] = {tr("Name"),      tr("State"),      tr("Fusion"),
                                      tr("Epoch"),     tr("Best Top-1"), tr("Last loss"),
                                      tr("Peak VRAM"), tr("Time left"),  tr("Started"),
                                      tr("Tags"),      tr("Note")};
    return titles[section];
  }
  if (role == Qt::ToolTipRole) {
    switch (section) {
      case kBestTop1:
        return tr("Best Top-1 on held-out clips, or of the last epoch where none are held out");
      case kPeakVram:
        return tr("Most GPU memory allocated at once; nothing on the CPU");
      case kTimeLeft:
        return tr("Estimated from the pace of the last steps");
      default:
        return {};
    }
  }
  return {};
}

QVariant WorkspaceModel::data(const QModelIndex& index, int role) const {
  const int column = index.column();
  if (role == Qt::TextAlignmentRole) {
    const bool number = column >= kEpoch && column <= kTimeLeft;
    return static_cast<int>((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  }
  if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
    return {};
  const RunInfo& run = runs_[index.row()];
  switch (role) {
    case Qt::DisplayRole:
      return text(run, column);
    case Qt::EditRole:
      return column == kNote ? run.note : text(run, column);
    case Qt::AccessibleTextRole:
      return headerData(column, Qt::Horizontal).toString() + u": "_s + text(run, column);
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
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  const int column = index.column();
  if (index.isValid() && (column == kName || column == kTags || column == kNote))
    flags |= Qt::ItemIsEditable;
  return flags;
}

bool WorkspaceModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::EditRole || !(flags(index) & Qt::ItemIsEditable)) return false;
  if (value.toString() != data(index, Qt::EditRole).toString())
    Q_EMIT edited(runs_[index.row()].path, index.column(), value.toString());
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
  const auto found = rows_.find(path);
  return found == rows_.end() ? nullptr : &runs_[*found];
}

QModelIndex WorkspaceModel::index_of(const QString& path) const {
  const auto found = rows_.find(path);
  return found == rows_.end() ? QModelIndex() : index(*found, 0);
}

void WorkspaceModel::apply(const QList<RunInfo>& runs) {
  QList<RunInfo> added;
  for (const RunInfo& run : runs) {
    const auto found = rows_.find(run.path);
    if (found == rows_.end()) {
      added.append(run);
    } else {
      runs_[*found] = run;
      Q_EMIT dataChanged(index(*found, 0), index(*found, kColumns - 1));
    }
  }
  if (added.isEmpty()) return;
  const int first = static_cast<int>(runs_.size());
  beginInsertRows({}, first, first + static_cast<int>(added.size()) - 1);
  for (const RunInfo& run : added) {
    rows_[run.path] = static_cast<int>(runs_.size());
    runs_.append(run);
  }
  endInsertRows();
}

void WorkspaceModel::remove(const QStringList& paths) {
  if (paths.size() > 20) {  // another workspace: one reset instead of a thousand removals
    beginResetModel();
    for (const QString& path : paths) rows_.remove(path);
    runs_.removeIf([this](const RunInfo& run) { return !rows_.contains(run.path); });
    for (int row = 0; row < runs_.size(); ++row) rows_[runs_[row].path] = row;
    endResetModel();
    return;
  }
  for (const QString& path : paths) {
    const auto found = rows_.find(path);
    if (found == rows_.end()) continue;
    const int row = *found;
    beginRemoveRows({}, row, row);
    runs_.removeAt(row);
    rows_.remove(path);
    for (int i = row; i < runs_.size(); ++i) rows_[runs_[i].path] = i;
    endRemoveRows();
  }
}

}  // namespace omniq::ui
