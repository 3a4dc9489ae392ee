// The configuration of a run, and where it differs from another's.
#pragma once

#include <QAbstractTableModel>
#include <QList>

#include "core/config/experiment.h"

namespace omniq::ui {

struct ConfigDifference {
  QString key, help, here, there;
};
/// Settings with different values, in the order of their description. Where a run is kept and what
/// it is called are no differences.
QList<ConfigDifference> config_differences(const config::Experiment& here,
                                           const config::Experiment& there);

class ConfigDiffModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

  void set(const QList<ConfigDifference>& differences, const QString& here, const QString& there);

 private:
  QList<ConfigDifference> rows_;
  QString here_, there_;
};

}  // namespace omniq::ui
