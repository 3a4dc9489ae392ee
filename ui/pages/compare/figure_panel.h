// The figure that compares variants, and beside it what it shows and within which budget.
#pragma once

#include <QWidget>

#include "ui/models/items/comparison_model.h"
#include "ui/pages/compare/compare_figures.h"

class QComboBox;
class QLabel;

namespace omniq::ui {

class BudgetSliders;
class FigureView;

class FigurePanel : public QWidget {
  Q_OBJECT
 public:
  /// Shows the model's variants, but for those that are unchecked, and sets its budgets.
  explicit FigurePanel(ComparisonModel& model, QWidget* parent = nullptr);

  void show_figure(FigureKind kind);
  FigureView* view() const { return view_; }
  BudgetSliders* budgets() const { return budgets_; }

  /// As .png, .svg or .pdf, with `measured` (under which conditions) and the runs' ids below.
  Status save(const QString& file, const QString& measured) const;

 Q_SIGNALS:
  void variant_chosen(const omniq::ui::Variant& variant);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QWidget* make_side();
  void rebuild();
  QString tool_tip(int mark) const;

  ComparisonModel& model_;
  QList<FigureVariant> variants_;  // as the figure's marks
  QComboBox *kind_, *x_, *y_;
  FigureView* view_;
  BudgetSliders* budgets_;
  QLabel* note_;
};

}  // namespace omniq::ui
