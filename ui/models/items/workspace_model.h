// The runs of a workspace as a table.
#pragma once

#include <QHash>

#include "ui/models/items/table_model.h"
#include "ui/models/values/run_info.h"

namespace omniq::ui {

class WorkspaceModel : public TableModel<QList<RunInfo>> {
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

  explicit WorkspaceModel(QObject* parent = nullptr);

  /// Name, tags and note can be written in place.
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

  const RunInfo& run(int row) const { return rows_[row]; }
  const RunInfo* find(const QString& path) const;
  QModelIndex index_of(const QString& path) const;
  const QList<RunInfo>& runs() const { return rows_; }

  /// Adds new runs and replaces the rows of known ones.
  void apply(const QList<RunInfo>& runs);
  void remove(const QStringList& paths);

 Q_SIGNALS:
  /// The user wrote into a cell; who keeps the notes answers with apply().
  void edited(const QString& path, int column, const QString& text);

 protected:
  QVariant cell(int row, int column, int role) const override;

 private:
  QString text(const RunInfo& run, int column) const;
  QVariant sort_value(const RunInfo& run, int column) const;
  QString tool_tip(const RunInfo& run, int column) const;

  QHash<QString, int> row_of_;  // by path
};

}  // namespace omniq::ui
