#include "ui/models/items/config_diff.h"

#include "core/config/settings.h"
#include "ui/base/text.h"

namespace omniq::ui {

QList<ConfigDifference> config_differences(const config::Experiment& here,
                                           const config::Experiment& there) {
  QList<ConfigDifference> all;
  for (const config::Setting& setting : config::settings()) {
    if (setting.key == "run.dir" || setting.key == "run.name" || setting.key == "train.save_dir")
      continue;
    const std::string a = setting.get(here), b = setting.get(there);
    if (a != b) all.append({to_qt(setting.key), to_qt(setting.help), to_qt(a), to_qt(b)});
  }
  return all;
}

int ConfigDiffModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}
int ConfigDiffModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : 3;
}

QVariant ConfigDiffModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("Setting") : section == 1 ? here_ : there_;
}

QVariant ConfigDiffModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
    return {};
  const ConfigDifference& row = rows_[index.row()];
  if (role == Qt::ToolTipRole) return row.help;
  if (role != Qt::DisplayRole) return {};
  return index.column() == 0 ? row.key : index.column() == 1 ? row.here : row.there;
}

void ConfigDiffModel::set(const QList<ConfigDifference>& differences, const QString& here,
                          const QString& there) {
  beginResetModel();
  rows_ = differences;
  here_ = here;
  there_ = there;
  endResetModel();
}

}  // namespace omniq::ui
