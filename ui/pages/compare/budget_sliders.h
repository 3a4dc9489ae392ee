// What a variant may cost: a slider for each cost, without a limit at its right end.
#pragma once

#include <QWidget>

#include "ui/models/items/comparison_model.h"

class QLabel;
class QSlider;

namespace omniq::ui {

class BudgetSliders : public QWidget {
  Q_OBJECT
 public:
  explicit BudgetSliders(QWidget* parent = nullptr);

  /// The sliders go from the least to the most that these cost; a limit that was set stays.
  void set_variants(const QList<Variant>& variants);
  Budgets budgets() const;
  QSlider* slider(Metric cost) const;

 Q_SIGNALS:
  void changed();

 private:
  struct Row {
    Metric cost;
    QSlider* slider;
    QLabel* value;
    double low = 0, high = 0;  // of the variants
    double limit = std::nan("");
  };
  void show_limit(const Row& row) const;

  QList<Row> rows_;
};

}  // namespace omniq::ui
