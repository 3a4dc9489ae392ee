#include "ui/models/items/workspace_model.h"

#include "ui/base/format.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

using Run = const RunInfo&;
constexpr double kLast = 1e300;  // a value that is not known comes after all others

struct Shown {
  QString (*text)(Run);
  double (*order)(Run) = nullptr;  // null: that of the texts
};
const Shown kShown[WorkspaceModel::kColumns] = {
    {[](Run run) { return run.name; }},
    {[](Run run) { return state_text(state_key(run)); }},
    {[](Run run) { return run.fusion; }},
    {[](Run run) { return run.epochs > 0 ? u"%1 / %2"_s.arg(run.epoch).arg(run.epochs) : dash(); },
     [](Run run) { return static_cast<double>(run.epoch); }},
    {[](Run run) { return percent_text(run.best_top1); }, [](Run run) { return run.best_top1; }},
    {[](Run run) {
       return std::isnan(run.last_loss) ? dash() : QString::number(run.last_loss, 'f', 3);
     },
     [](Run run) { return std::isnan(run.last_loss) ? kLast : run.last_loss; }},
    {[](Run run) { return bytes_text(run.peak_vram); }, [](Run run) { return run.peak_vram; }},
    {[](Run run) { return duration_text(run.seconds_left); },
     [](Run run) { return run.seconds_left < 0 ? kLast : run.seconds_left; }},
    {[](Run run) { return time_text(run.started); }, [](Run run) { return run.started; }},
    {[](Run run) { return run.tags.join(u", "_s); }},
    {[](Run run) { return run.note.section(u'\n', 0, 0); }}};

QString tool_tip(Run run, int column) {
  if (column == WorkspaceModel::kState && !run.problem.isEmpty()) return run.problem;
  if (column == WorkspaceModel::kName) return run.path;
  return column == WorkspaceModel::kNote ? run.note : QString();
}

}  // namespace

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
  const auto& [text, order] = kShown[column];
  switch (role) {
    case Qt::DisplayRole:
      return text(run);
    case Qt::EditRole:
      return column == kNote ? run.note : text(run);
    case Qt::AccessibleTextRole:
      return columns_[column].title + u": "_s + text(run);
    case Qt::ToolTipRole:
      return tool_tip(run, column);
    case kSortRole:
      return order ? QVariant(order(run)) : text(run).toLower();
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
