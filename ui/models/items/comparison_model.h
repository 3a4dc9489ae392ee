// Variants as a table: every metric with its spread over seeds, and against a baseline.
#pragma once

#include <QSet>
#include <array>

#include "ui/models/items/table_model.h"
#include "ui/models/values/comparison.h"
#include "ui/models/values/text_table.h"

namespace omniq::ui {

/// The most that a variant may cost; not a number: no limit.
using Budgets = std::array<double, kMetricCount>;
constexpr Budgets no_budgets() {
  Budgets budgets{};
  budgets.fill(std::numeric_limits<double>::quiet_NaN());
  return budgets;
}

class ComparisonModel : public TableModel<QList<Variant>> {
  Q_OBJECT
 public:
  enum Column { kVariant, kRuns, kFirstMetric, kColumns = kFirstMetric + kMetricCount };
  enum Role { kSortRole = Qt::UserRole };
  explicit ComparisonModel(QObject* parent = nullptr);

  /// A variant can be taken out of the figures by its check box.
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;

  void set_variants(const QList<Variant>& variants);
  const QList<Variant>& variants() const { return rows_; }
  bool shown(int row) const { return !hidden_.contains(rows_[row].name); }

  /// The variant that the others are compared with, by its name; empty: none.
  void set_baseline(const QString& name);
  const QString& baseline() const { return baseline_; }

  void set_budgets(const Budgets& budgets);
  /// Whether a variant costs more than a budget allows. What was not measured is not over.
  bool over_budget(const Variant& variant) const;

  /// For files: means, deviations and differences in columns of their own, and the runs' ids.
  TextTable to_table() const;
  /// As people read it in a paper: mean ± deviation.
  TextTable to_paper_table() const;

 Q_SIGNALS:
  /// Something that figures show is different.
  void figures_changed();

 protected:
  QVariant cell(int row, int column, int role) const override;

 private:
  void show_again();
  const Variant* base() const;
  QString text(const Variant& variant, Metric metric) const;
  double difference(const Variant& variant, Metric metric) const;

  QSet<QString> hidden_;
  QString baseline_;
  Budgets budgets_ = no_budgets();
};

/// "92.5 ± 0.3"; the mean alone where there is one run.
QString spread_text(Metric metric, const Spread& spread);

}  // namespace omniq::ui
