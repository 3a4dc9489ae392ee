#include "ui/pages/compare/budget_sliders.h"

#include <QGridLayout>
#include <QLabel>
#include <QSlider>

#include "ui/widgets/parts.h"

namespace omniq::ui {

namespace {

constexpr int kSteps = 200;

}  // namespace

BudgetSliders::BudgetSliders(QWidget* parent) : QWidget(parent) {
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(8);
  grid->setVerticalSpacing(2);
  for (const Metric cost : kCosts) {
    auto* slider = new QSlider(Qt::Horizontal);
    slider->setRange(0, kSteps);
    slider->setValue(kSteps);
    slider->setAccessibleName(tr("Most %1").arg(metric_label(cost)));
    slider->setToolTip(tr("Variants that cost more are greyed out and leave the frontier"));
    QLabel* value = muted_label();
    value->setAlignment(Qt::AlignRight);
    const auto line = static_cast<int>(rows_.size());
    grid->addWidget(new QLabel(metric_title(cost)), 2 * line, 0);
    grid->addWidget(value, 2 * line, 1);
    grid->addWidget(slider, 2 * line + 1, 0, 1, 2);
    rows_.append({cost, slider, value});
    connect(slider, &QSlider::valueChanged, this, [this, line](int step) {
      Row& row = rows_[line];
      row.limit = step == kSteps ? std::nan("") : row.low + (row.high - row.low) * step / kSteps;
      show_limit(row);
      Q_EMIT changed();
    });
  }
}

void BudgetSliders::show_limit(const Row& row) const {
  row.value->setText(
      std::isnan(row.limit)
          ? tr("no limit")
          : tr("at most %1 %2").arg(metric_text(row.cost, row.limit), metric_unit(row.cost)));
}

void BudgetSliders::set_variants(const QList<Variant>& variants) {
  for (Row& row : rows_) {
    row.low = std::numeric_limits<double>::infinity();
    row.high = -row.low;
    for (const Variant& variant : variants) {
      const double value = variant.mean(row.cost);
      if (std::isnan(value)) continue;
      row.low = std::min(row.low, value);
      row.high = std::max(row.high, value);
    }
    const bool any = row.high > row.low;
    const QSignalBlocker quiet(row.slider);
    row.slider->setEnabled(any);
    if (!any) row.limit = std::nan("");
    row.slider->setValue(std::isnan(row.limit) ? kSteps
                                               : static_cast<int>((row.limit - row.low) /
                                                                  (row.high - row.low) * kSteps));
    show_limit(row);
  }
}

Budgets BudgetSliders::budgets() const {
  Budgets budgets = no_budgets();
  for (const Row& row : rows_) budgets[static_cast<std::size_t>(row.cost)] = row.limit;
  return budgets;
}

QSlider* BudgetSliders::slider(Metric cost) const {
  for (const Row& row : rows_) {
    if (row.cost == cost) return row.slider;
  }
  return nullptr;
}

}  // namespace omniq::ui
