#include "ui/models/items/comparison_model.h"

#include <algorithm>

#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

// The true minus, which is as wide as the plus.
QString signed_text(Metric metric, double difference) {
  if (std::isnan(difference)) return {};
  return (difference < 0 ? u"−"_s : u"+"_s) + metric_text(metric, std::abs(difference));
}

// For other programs: a point, and nothing where there is nothing.
QString plain_number(double value) {
  return std::isnan(value) ? QString() : QString::number(value, 'g', 10);
}

}  // namespace

QString spread_text(Metric metric, const Spread& spread) {
  const QString mean = metric_text(metric, spread.mean);
  // Parameters do not vary over seeds; a spread of nothing says nothing.
  if (std::isnan(spread.deviation) || spread.deviation == 0) return mean;
  return mean + u" ± "_s + metric_text(metric, spread.deviation);
}

ComparisonModel::ComparisonModel(QObject* parent)
    : TableModel({{tr("Variant")},
                  {tr("Runs"), true, tr("Evaluated runs that differ in their seed alone")}},
                 parent) {
  const QString help =
      tr("Mean ± standard deviation over the runs; against the chosen variant in brackets");
  for (const Metric metric : kMetrics) columns_.append({metric_label(metric), true, help});
}

const Variant* ComparisonModel::base() const {
  const auto found = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const Variant& v) { return v.name == baseline_; });
  return found == rows_.end() ? nullptr : &*found;
}

double ComparisonModel::difference(const Variant& variant, Metric metric) const {
  const Variant* other = base();
  return other && other != &variant ? variant.mean(metric) - other->mean(metric) : std::nan("");
}

QString ComparisonModel::text(const Variant& variant, Metric metric) const {
  const QString mean = spread_text(metric, variant.spread(metric));
  const QString against = signed_text(metric, difference(variant, metric));
  return against.isEmpty() ? mean : u"%1 (%2)"_s.arg(mean, against);
}

QVariant ComparisonModel::cell(int row, int column, int role) const {
  const Variant& variant = rows_[row];
  if (role == Qt::ForegroundRole)
    return over_budget(variant) || !shown(row) ? Theme::current().muted : QVariant();
  if (role == Qt::ToolTipRole) {
    if (over_budget(variant)) return tr("Over a budget.\n%1").arg(variant.ids.join(u'\n'));
    return variant.ids.join(u'\n');
  }
  if (column == kVariant) {
    if (role == Qt::CheckStateRole)
      return static_cast<int>(shown(row) ? Qt::Checked : Qt::Unchecked);
    return role == Qt::DisplayRole || role == kSortRole ? variant.name : QVariant();
  }
  if (column == kRuns)
    return role == Qt::DisplayRole || role == kSortRole ? variant.runs.size() : QVariant();
  const Metric metric = kMetrics[column - kFirstMetric];
  if (role == Qt::DisplayRole) return text(variant, metric);
  if (role == kSortRole) return variant.mean(metric);
  if (role == Qt::AccessibleTextRole) return metric_label(metric) + u": "_s + text(variant, metric);
  return {};
}

Qt::ItemFlags ComparisonModel::flags(const QModelIndex& index) const {
  const Qt::ItemFlags flags = TableModel::flags(index);
  return index.isValid() && index.column() == kVariant ? flags | Qt::ItemIsUserCheckable : flags;
}

bool ComparisonModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (role != Qt::CheckStateRole || !(flags(index) & Qt::ItemIsUserCheckable)) return false;
  const QString& name = rows_[index.row()].name;
  if (value.toInt() == Qt::Checked) {
    hidden_.remove(name);
  } else {
    hidden_.insert(name);
  }
  Q_EMIT dataChanged(index, index.siblingAtColumn(kColumns - 1));
  Q_EMIT figures_changed();
  return true;
}

void ComparisonModel::set_variants(const QList<Variant>& variants) {
  set_rows(variants);
  Q_EMIT figures_changed();
}

void ComparisonModel::set_baseline(const QString& name) {
  baseline_ = name;
  show_again();
}

void ComparisonModel::show_again() {
  if (!rows_.isEmpty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, kColumns - 1));
}

void ComparisonModel::set_budgets(const Budgets& budgets) {
  budgets_ = budgets;
  show_again();
  Q_EMIT figures_changed();
}

bool ComparisonModel::over_budget(const Variant& variant) const {
  return std::any_of(std::begin(kCosts), std::end(kCosts), [&](Metric cost) {
    return variant.mean(cost) > budgets_[static_cast<std::size_t>(cost)];
  });
}

TextTable ComparisonModel::to_table() const {
  TextTable table;
  table.head = {u"variant"_s, u"runs"_s};
  table.numeric = {false, true};
  for (const Metric metric : kMetrics) {
    const QString key = metric_key(metric);
    table.head += {key, key + u"_sd"_s};
    table.numeric += {true, true};
    if (!base()) continue;
    table.head.append(key + u"_difference"_s);
    table.numeric.append(true);
  }
  table.head.append(u"run_ids"_s);
  table.numeric.append(false);
  for (const Variant& variant : rows_) {
    QStringList row = {variant.name, QString::number(variant.runs.size())};
    for (const Metric metric : kMetrics) {
      const Spread& spread = variant.spread(metric);
      row += {plain_number(spread.mean), plain_number(spread.deviation)};
      if (base()) row.append(plain_number(difference(variant, metric)));
    }
    row.append(variant.ids.join(u' '));
    table.rows.append(row);
  }
  return table;
}

TextTable ComparisonModel::to_paper_table() const {
  QList<int> columns;
  for (int column = 0; column < kColumns; ++column) columns.append(column);
  TextTable table = text_table(*this, columns);
  table.head.append(tr("Run ids"));
  table.numeric.append(false);
  for (qsizetype row = 0; row < table.rows.size(); ++row)
    table.rows[row].append(rows_[row].ids.join(u", "_s));
  return table;
}

}  // namespace omniq::ui
