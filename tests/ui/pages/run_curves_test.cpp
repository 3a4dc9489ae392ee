#include "ui/pages/runs/run_curves.h"

#include <cmath>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

run::MetricsRow row(std::int64_t step, const char* phase, double loss) {
  run::MetricsRow r;
  r.step = step;
  r.epoch = (step - 1) / 10 + 1;
  r.phase = phase;
  r.set(run::Metric::loss, loss);
  r.time = 500 + 2 * static_cast<double>(step);
  if (r.phase == "train") r.set(run::Metric::data_wait, 0.25);
  return r;
}

QList<run::MetricsRow> rows(std::int64_t from, std::int64_t to) {
  QList<run::MetricsRow> all;
  for (std::int64_t step = from; step <= to; ++step)
    all.append(row(step, "train", std::sin(static_cast<double>(step))));
  return all;
}

}  // namespace

class RunCurvesTest : public QObject {
  Q_OBJECT
 private:
  static void same(const RunCurves& a, const RunCurves& b) {
    for (const Phase phase : {Phase::train, Phase::val}) {
      for (std::size_t i = 0; i < run::kMetricCount; ++i) {
        const auto metric = static_cast<run::Metric>(i);
        for (const auto& [x, y] : {std::pair(a.raw(phase, metric), b.raw(phase, metric)),
                                   std::pair(a.smooth(phase, metric), b.smooth(phase, metric))}) {
          QCOMPARE(x == nullptr, y == nullptr);
          if (!x) continue;
          QCOMPARE(x->x(), y->x());
          QCOMPARE(x->y(), y->y());
          const Range all{x->x().front(), x->x().back()};
          QCOMPARE(x->reduced(all, 20), y->reduced(all, 20));
        }
      }
    }
  }

 private Q_SLOTS:
  void growing_gives_what_making_all_at_once_gives() {
    RunSeries grown, whole;
    RunCurves step_by_step;
    RunCurves::Form form;
    form.smoothing = 0.7;
    grown.add({{}, true, rows(1, 0), 0});
    whole.add({{}, true, rows(1, 900), 0});
    for (std::int64_t from = 1; from <= 900; from += 100) {
      grown.add({{}, false, rows(from, from + 99), 0});
      step_by_step.update(grown, form);
    }
    const auto check = [&] {
      step_by_step.update(grown, form);
      RunCurves at_once;
      at_once.update(whole, form);
      same(step_by_step, at_once);
    };
    check();
    for (const XAxis x : {XAxis::time, XAxis::epoch, XAxis::step}) {
      form.x = x;
      check();
    }
    form.x = XAxis::epoch;
    form.steps_per_epoch = 7;
    check();
    for (const double smoothing : {0.9, 0.0, 0.3}) {
      form.smoothing = smoothing;
      check();
    }
    // It went back to a checkpoint and takes another way from there.
    for (RunSeries* series : {&grown, &whole})
      series->add({{}, false, {row(451, "train", 9), row(451, "val", 8)}, 0});
    check();
    QCOMPARE(step_by_step.raw(Phase::train, run::Metric::loss)->size(), 451u);
    QCOMPARE(step_by_step.raw(Phase::val, run::Metric::loss)->size(), 1u);
  }

  void curves_are_in_the_charts_units() {
    RunSeries series;
    series.add({{}, true, {row(10, "train", 3), row(20, "train", 2)}, 0});
    RunCurves curves;
    RunCurves::Form form;
    form.x = XAxis::time;
    curves.update(series, form);
    QCOMPARE(curves.raw(Phase::train, run::Metric::loss)->x(), (std::vector<double>{0, 20}));
    QCOMPARE(curves.raw(Phase::train, run::Metric::data_wait)->y(), (std::vector<double>{25, 25}));
    QVERIFY(!curves.raw(Phase::train, run::Metric::vram_bytes));
    QVERIFY(!curves.raw(Phase::val, run::Metric::loss));
    QVERIFY(!curves.smooth(Phase::train, run::Metric::loss));
  }
};

OMNIQ_UI_TEST(RunCurvesTest, run_curves_test);

}  // namespace omniq::ui

#include "run_curves_test.moc"
