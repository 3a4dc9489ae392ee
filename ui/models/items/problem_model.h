// What is wrong with a dataset, and what to do about it.
#pragma once

#include "core/data/dataset.h"
#include "ui/models/items/table_model.h"

namespace omniq::ui {

class ProblemModel : public TableModel<std::vector<data::Problem>> {
  Q_OBJECT
 public:
  enum Column { kKind, kWhere, kWhat, kRemedy };
  enum Role { kSortRole = Qt::UserRole };

  explicit ProblemModel(QObject* parent = nullptr);

  /// Gravest first.
  void set_problems(std::vector<data::Problem> problems);
  void add(const data::Problem& problem);
  const std::vector<data::Problem>& problems() const { return rows_; }
  /// Whether lists without some of them would differ from those that there are.
  bool lists_would_help() const;
  /// "3 missing, 1 in both lists"; empty for none.
  QString summary() const;

 protected:
  QVariant cell(int row, int column, int role) const override;
};

}  // namespace omniq::ui
