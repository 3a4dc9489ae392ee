#include "ui/models/items/config_diff_model.h"

namespace omniq::ui {

ConfigDiffModel::ConfigDiffModel(QObject* parent)
    : TableModel({{tr("Setting")}, {QString()}, {QString()}}, parent) {}

QVariant ConfigDiffModel::cell(int row, int column, int role) const {
  const ConfigDifference& one = rows_[row];
  if (role == Qt::ToolTipRole) return one.help;
  if (role != Qt::DisplayRole) return {};
  return column == 0 ? one.key : column == 1 ? one.here : one.there;
}

void ConfigDiffModel::set(const QList<ConfigDifference>& differences, const QString& here,
                          const QString& there) {
  columns_[1].title = here;
  columns_[2].title = there;
  set_rows(differences);
}

}  // namespace omniq::ui
