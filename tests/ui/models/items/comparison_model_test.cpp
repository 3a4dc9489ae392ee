#include "ui/models/items/comparison_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "tests/ui/support/ui_test.h"
#include "ui/base/theme.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class ComparisonModelTest : public QObject {
  Q_OBJECT
 private:
  static Variant variant(const QString& name, double top1, double top1_sd, double latency) {
    Variant v;
    v.name = v.fusion = name;
    v.runs = {u"/runs/"_s + name + u"-1"_s, u"/runs/"_s + name + u"-2"_s};
    v.ids = {name + u"-1"_s, name + u"-2"_s};
    v.spreads[static_cast<std::size_t>(Metric::top1)] = {top1, top1_sd, 2};
    v.spreads[static_cast<std::size_t>(Metric::latency)] = {latency, 0.5, 2};
    return v;
  }
  static int column(Metric metric) {
    return ComparisonModel::kFirstMetric + static_cast<int>(metric);
  }
  static QString text(const ComparisonModel& model, int row, Metric metric) {
    return model.index(row, column(metric)).data().toString();
  }

 private Q_SLOTS:
  void the_model_keeps_its_word_to_views() {
    ComparisonModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.set_variants({variant(u"a"_s, 90, 1, 10), variant(u"b"_s, 80, 2, 5)});
    model.set_baseline(u"a"_s);
    model.setData(model.index(0, 0), Qt::Unchecked, Qt::CheckStateRole);
    model.set_variants({variant(u"c"_s, 70, 1, 3)});
    model.set_variants({});
    QCOMPARE(model.rowCount(), 0);
  }

  void cells_say_mean_spread_and_difference() {
    ComparisonModel model;
    model.set_variants({variant(u"a"_s, 90, 1.26, 10), variant(u"b"_s, 87.5, 0, 12.5)});
    QCOMPARE(text(model, 0, Metric::top1), u"90.0 ± 1.3"_s);
    QCOMPARE(text(model, 1, Metric::top1), u"87.5"_s);
    QCOMPARE(text(model, 0, Metric::peak_vram), u"–"_s);
    model.set_baseline(u"a"_s);
    QCOMPARE(text(model, 0, Metric::top1), u"90.0 ± 1.3"_s);
    QCOMPARE(text(model, 1, Metric::top1), u"87.5 (−2.5)"_s);
    QCOMPARE(text(model, 1, Metric::latency), u"12.5 ± 0.500 (+2.50)"_s);
  }

  void what_is_over_a_budget_is_grey_and_what_was_not_measured_is_not() {
    ComparisonModel model;
    model.set_variants({variant(u"a"_s, 90, 1, 10), variant(u"b"_s, 80, 2, 5)});
    Budgets budgets = no_budgets();
    budgets[static_cast<std::size_t>(Metric::latency)] = 7;
    budgets[static_cast<std::size_t>(Metric::peak_vram)] = 1;
    QSignalSpy figures(&model, &ComparisonModel::figures_changed);
    model.set_budgets(budgets);
    QCOMPARE(figures.count(), 1);
    QVERIFY(model.over_budget(model.variants()[0]));
    QVERIFY(!model.over_budget(model.variants()[1]));
    QCOMPARE(model.index(0, 0).data(Qt::ForegroundRole).value<QColor>(), Theme::current().muted);
    QVERIFY(!model.index(1, 0).data(Qt::ForegroundRole).isValid());
  }

  void a_variant_can_be_taken_out_of_the_figures() {
    ComparisonModel model;
    model.set_variants({variant(u"a"_s, 90, 1, 10), variant(u"b"_s, 80, 2, 5)});
    QSignalSpy figures(&model, &ComparisonModel::figures_changed);
    QVERIFY(model.setData(model.index(0, 0), Qt::Unchecked, Qt::CheckStateRole));
    QCOMPARE(figures.count(), 1);
    QVERIFY(!model.shown(0) && model.shown(1));
    model.set_variants(model.variants());  // a run more: what was hidden stays hidden
    QVERIFY(!model.shown(0));
  }

  void the_file_has_numbers_and_run_ids() {
    ComparisonModel model;
    model.set_variants({variant(u"a"_s, 90, 1.25, 10), variant(u"b"_s, 87.5, 0.5, 12.5)});
    model.set_baseline(u"a"_s);
    const TextTable table = model.to_table();
    const auto field = [&](int row, const QString& name) {
      return table.rows[row][table.head.indexOf(name)];
    };
    QCOMPARE(field(1, u"top1_percent"_s), u"87.5"_s);
    QCOMPARE(field(1, u"top1_percent_sd"_s), u"0.5"_s);
    QCOMPARE(field(1, u"top1_percent_difference"_s), u"-2.5"_s);
    QCOMPARE(field(0, u"top1_percent_difference"_s), QString());
    QCOMPARE(field(0, u"peak_vram_gib"_s), QString());
    QCOMPARE(field(0, u"run_ids"_s), u"a-1 a-2"_s);
    for (const QStringList& row : table.rows) QCOMPARE(row.size(), table.head.size());
    QCOMPARE(table.numeric.size(), table.head.size());
  }
};

OMNIQ_UI_TEST(ComparisonModelTest, comparison_model_test);

}  // namespace omniq::ui

#include "comparison_model_test.moc"
