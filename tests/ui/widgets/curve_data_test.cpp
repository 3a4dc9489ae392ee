#include "ui/widgets/chart/curve_data.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "tests/ui/support/smoothed.h"
#include "tests/ui/support/ui_test.h"
#include "ui/widgets/chart/axis.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

Column column(std::vector<double> values) {
  return std::make_shared<std::vector<double>>(std::move(values));
}

CurveData noise(std::size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal(0, 1);
  std::vector<double> x(count), y(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<double>(i), y[i] = normal(random);
  return {column(x), column(y)};
}

}  // namespace

class CurveDataTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void few_points_stay_as_they_are() {
    const CurveData curve(column({0, 1, 2, 3}), column({5, std::nan(""), 7, 8}));
    QCOMPARE(curve.reduced({0, 3}, 100), (QPolygonF{{0, 5}, {2, 7}, {3, 8}}));
    // The points just outside are kept, so that lines reach the frame.
    QCOMPARE(curve.reduced({2.2, 2.8}, 100), (QPolygonF{{2, 7}, {3, 8}}));
  }

  void no_peak_is_lost() {
    CurveData curve = noise(100000);
    std::vector<double> y = curve.y();
    y[54321] = 1000;
    y[12345] = -1000;
    const CurveData spiked(column(curve.x()), column(y));
    const QPolygonF points = spiked.reduced({0, 99999}, 300);
    QVERIFY(points.size() <= 4 * 301);
    const auto [low, high] = std::minmax_element(
        points.begin(), points.end(), [](QPointF a, QPointF b) { return a.y() < b.y(); });
    QCOMPARE(high->y(), 1000.0);
    QCOMPARE(low->y(), -1000.0);
    QVERIFY(std::abs(high->x() - 54321) < 400);
  }

  void every_column_has_its_own_extremes() {
    const CurveData curve = noise(50000);
    constexpr int kWidth = 100;
    const QPolygonF points = curve.reduced({0, 50000}, kWidth);
    for (int c = 0; c < kWidth; ++c) {
      const auto begin = curve.y().begin() + c * 500;
      const auto [low, high] = std::minmax_element(begin, begin + 500);
      double least = 1e9, most = -1e9;
      for (const QPointF& p : points) {
        if (p.x() < c * 500 || p.x() >= (c + 1) * 500) continue;
        least = std::min(least, p.y());
        most = std::max(most, p.y());
      }
      QCOMPARE(least, *low);
      QCOMPARE(most, *high);
    }
  }

  void ranges_and_nearest_points() {
    const CurveData curve(column({0, 10, 20}), column({-1, 5, 3}));
    Range range;
    QVERIFY(curve.y_range({0, 20}, false, range));
    QCOMPARE(range, (Range{-1, 5}));
    QVERIFY(curve.y_range({0, 20}, true, range));
    QCOMPARE(range, (Range{3, 5}));
    QCOMPARE(curve.nearest(14), 1u);
    QCOMPARE(curve.nearest(16), 2u);
    QCOMPARE(curve.nearest(-9), 0u);
    QCOMPARE(curve.nearest(99), 2u);
    QVERIFY(!CurveData(column({}), column({})).y_range({0, 1}, false, range));
  }

  void smoothing_is_unbiased_and_keeps_gaps() {
    const Column flat = test::smoothed({4, 4, std::nan(""), 4}, 0.9);
    QCOMPARE(flat->at(0), 4.0);
    QVERIFY(std::isnan(flat->at(2)));
    QCOMPARE(flat->at(3), 4.0);
    QCOMPARE(*test::smoothed({1, 2, 3}, 0), (std::vector<double>{1, 2, 3}));
  }

  void marks_are_round() {
    const auto labels = [](Range range, AxisKind kind) {
      QStringList all;
      for (const Tick& tick : ticks(range, kind, 5)) {
        if (!tick.label.isEmpty()) all.append(tick.label);
      }
      return all.join(u' ');
    };
    QCOMPARE(labels({0, 10}, AxisKind::number), u"0 2 4 6 8 10"_s);
    QCOMPARE(labels({0, 0.012}, AxisKind::number), u"0 0.0025 0.0050 0.0075 0.0100"_s);
    QCOMPARE(labels({0.001, 10}, AxisKind::logarithm), u"0.001 0.01 0.1 1 10"_s);
    QCOMPARE(labels({0, 600}, AxisKind::duration), u"0 min 2 min 4 min 6 min 8 min 10 min"_s);
    QCOMPARE(labels({0, 40}, AxisKind::duration), u"0 s 10 s 20 s 30 s 40 s"_s);
    QVERIFY(ticks({1, 1}, AxisKind::number, 5).isEmpty());
  }
};

OMNIQ_UI_TEST(CurveDataTest, curve_data_test);

}  // namespace omniq::ui

#include "curve_data_test.moc"
