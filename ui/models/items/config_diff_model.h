// Where the configuration of a run differs from another's, as a table.
#pragma once

#include "ui/models/items/table_model.h"
#include "ui/models/values/config_diff.h"

namespace omniq::ui {

class ConfigDiffModel : public TableModel<QList<ConfigDifference>> {
  Q_OBJECT
 public:
  explicit ConfigDiffModel(QObject* parent = nullptr);

  /// `here` and `there`: the names of the runs.
  void set(const QList<ConfigDifference>& differences, const QString& here, const QString& there);

 protected:
  QVariant cell(int row, int column, int role) const override;
};

}  // namespace omniq::ui
