// The runs of a workspace as a table.
#pragma once

#include <QAbstractTableModel>
#include <QHash>

#include "ui/models/values/run_info.h"

namespace omniq::ui {

class WorkspaceModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column {
    kName,
    kState,
    kFusion,
    kEpoch,
    kBestTop1,
    kLastLoss,
    kPeakVram,
    kTimeLeft,
    kStarted,
    kTags,
    kNote,
    kColumns
  };
  enum Role { kSortRole = Qt::UserRole, kPathRole, kStateRole, kProgressRole };

  using QAbstractTableModel::QAbstractTableModel;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

  /// Name, tags and note can be written in place.
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

  const RunInfo& run(int row) const { return runs_[row]; }
  const RunInfo* find(const QString& path) const;
  QModelIndex index_of(const QString& path) const;
  const QList<RunInfo>& runs() const { return runs_; }

  /// Adds new runs and replaces the rows of known ones.
  void apply(const QList<RunInfo>& runs);
  void remove(const QStringList& paths);

 Q_SIGNALS:
  /// The user wrote into a cell; who keeps the notes answers with apply().
  void edited(const QString& path, int column, const QString& text);

 private:
  QString text(const RunInfo& run, int column) const;
  QVariant sort_value(const RunInfo& run, int column) const;
  QString tool_tip(const RunInfo& run, int column) const;

  QList<RunInfo> runs_;
  QHash<QString, int> rows_;  // path → row
};

}  // namespace omniq::ui
