#include "ui/models/values/run_series.h"

#include <cmath>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
namespace {

run::MetricsRow row(std::int64_t step, const std::string& phase, double loss) {
  run::MetricsRow r;
  r.step = step;
  r.epoch = 1;
  r.phase = phase;
  r.set(run::Metric::loss, loss);
  r.time = 1000 + static_cast<double>(step);
  return r;
}

}  // namespace

class RunSeriesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void keeps_phases_apart() {
    RunSeries series;
    series.add({{}, true, {row(1, "train", 3), row(2, "train", 2), row(2, "val", 4)}, 0});
    QCOMPARE(series.phase(Phase::train).step, (std::vector<double>{1, 2}));
    QCOMPARE(series.phase(Phase::val).step, (std::vector<double>{2}));
    QCOMPARE(series.phase(Phase::train).of(run::Metric::loss), (std::vector<double>{3, 2}));
    QVERIFY(!series.phase(Phase::train).has(run::Metric::vram_bytes));
    QVERIFY(series.phase(Phase::train).has(run::Metric::loss));
    series.add({{}, true, {row(1, "train", 3), row(1, "test", 5)}, 0});  // a watched test list
    QCOMPARE(series.phase(Phase::val).of(run::Metric::loss), (std::vector<double>{5}));
    QCOMPARE(series.phase(Phase::train).of(run::Metric::loss), (std::vector<double>{3}));
  }

  void never_doubles_back() {
    RunSeries series;
    series.add({{},
                true,
                {row(1, "train", 3), row(2, "train", 2), row(2, "val", 4), row(3, "train", 1),
                 row(4, "train", 1), row(4, "val", 1)},
                0});
    // Resumed from the checkpoint of step 2, by a writer that did not cut.
    series.add({{}, false, {row(3, "train", 1.5)}, 0});
    QCOMPARE(series.phase(Phase::train).step, (std::vector<double>{1, 2, 3}));
    QCOMPARE(series.phase(Phase::train).of(run::Metric::loss), (std::vector<double>{3, 2, 1.5}));
    QCOMPARE(series.phase(Phase::val).step, (std::vector<double>{2}));
  }

  void starts_anew_when_the_file_was_replaced() {
    RunSeries series;
    series.add({{}, true, {row(1, "train", 3), row(2, "train", 2)}, 1});
    series.add({{}, true, {row(1, "train", 7)}, 0});
    QCOMPARE(series.phase(Phase::train).of(run::Metric::loss), (std::vector<double>{7}));
    QCOMPARE(series.damaged(), 0);
  }

  void what_was_not_measured_is_not_a_number() {
    RunSeries series;
    series.add({{}, true, {row(1, "val", 3)}, 0});
    QVERIFY(std::isnan(series.phase(Phase::val).of(run::Metric::lr).front()));
  }
};

OMNIQ_UI_TEST(RunSeriesTest, run_series_test);

}  // namespace omniq::ui

#include "run_series_test.moc"
