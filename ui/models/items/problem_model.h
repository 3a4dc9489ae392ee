// What is wrong with a dataset, and what to do about it.
#pragma once

#include <QAbstractTableModel>

#include "core/data/dataset.h"

namespace omniq::ui {

class ProblemModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { kKind, kWhere, kWhat, kRemedy, kColumns };
  enum Role { kSortRole = Qt::UserRole };

  using QAbstractTableModel::QAbstractTableModel;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

  /// Gravest first.
  void set_problems(std::vector<data::Problem> problems);
  void add(const data::Problem& problem);
  const std::vector<data::Problem>& problems() const { return problems_; }
  /// Whether lists without some of them would differ from those that there are.
  bool lists_would_help() const;
  /// "3 missing, 1 in both lists"; empty for none.
  QString summary() const;

 private:
  std::vector<data::Problem> problems_;
};

}  // namespace omniq::ui
