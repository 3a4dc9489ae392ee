// The part of a workspace that the user asked to see, sorted.
#pragma once

#include <QSortFilterProxyModel>

#include "ui/models/items/workspace_model.h"

namespace omniq::ui {

class RunFilter : public QSortFilterProxyModel {
  Q_OBJECT
 public:
  explicit RunFilter(QObject* parent = nullptr);

  /// Words that must all occur in name, folder, fusion, tags or note.
  void set_search(const QString& text);
  /// Empty: any. States are the keys of state_key().
  void set_states(const QStringList& states);
  void set_fusion(const QString& fusion);
  void set_tag(const QString& tag);
  void set_show_archived(bool show);
  bool filtering() const;

  /// What there is to choose from, over all runs of the workspace.
  QStringList fusions() const;
  QStringList tags() const;

  const RunInfo& run(const QModelIndex& index) const;

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  const WorkspaceModel* source() const { return static_cast<WorkspaceModel*>(sourceModel()); }

  QStringList words_, states_;
  QString fusion_, tag_;
  bool show_archived_ = false;
};

}  // namespace omniq::ui
