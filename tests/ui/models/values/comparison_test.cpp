#include "ui/models/values/comparison.h"

#include "core/base/text.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/models/readers/measurement_reader.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class ComparisonTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;

  Measurement measured(const std::string& id, test::FakeRun fake) {
    fake.evaluated = true;
    const auto result = read_measurement(test::write_fake_run(folder_.path(), id, fake));
    if (!result) qFatal("%s", result.error().text().c_str());
    return *result;
  }
  // With `seed` and `top1` alone different.
  Measurement of_seed(const std::string& fusion, int seed, double top1) {
    test::FakeRun fake;
    fake.fusion = fusion;
    fake.seed = seed;
    fake.best_top1 = top1;
    return measured(cat(fusion, "-", seed), fake);
  }

 private Q_SLOTS:
  void a_measurement_is_what_the_evaluation_wrote() {
    test::FakeRun fake;
    fake.fusion = "mamba2";
    fake.best_top1 = 84;
    fake.top5 = 96;
    fake.ms_per_clip = 3.25;
    fake.params = 45'651'170;
    fake.vram = 3.5 * 0x1p30;
    fake.device = "NVIDIA H200";
    const Measurement m = measured("one", fake);
    QCOMPARE(m.id, u"one"_s);
    QCOMPARE(m.fusion, u"mamba2"_s);
    QCOMPARE(m.value(Metric::top1), 84.0);
    QCOMPARE(m.value(Metric::top5), 96.0);
    QCOMPARE(m.value(Metric::latency), 3.25);
    QCOMPARE(m.value(Metric::peak_vram), 3.5);
    QCOMPARE(m.value(Metric::params), 45.65117);
    QCOMPARE(m.value(Metric::trainable), 4.565117);
    QVERIFY(m.device.contains(u"H200"_s) && m.device.contains(u"float32"_s));
    for (const QString& part : {u"demo"_s, u"100 clips"_s, u"32 frames"_s, u"224"_s})
      QVERIFY2(m.protocol.contains(part), qPrintable(m.protocol));
  }

  void what_was_not_measured_is_no_number() {
    test::FakeRun fake;
    fake.vram = 0;
    QVERIFY(std::isnan(measured("cpu", fake).value(Metric::peak_vram)));
  }

  void a_damaged_summary_is_an_error_that_names_the_file() {
    test::FakeRun fake;
    fake.evaluated = true;
    const auto run = test::write_fake_run(folder_.path(), "damaged", fake);
    folder_.write("damaged/eval/summary.json", "{\"top1\": ");
    const auto result = read_measurement(run);
    QVERIFY(!result);
    QVERIFY(result.error().message.find("damaged/eval/summary.json") != std::string::npos);
    QVERIFY(!result.error().hint.empty());
  }

  void runs_that_differ_in_their_seed_are_one_variant() {
    const QList<Measurement> all = {of_seed("mamba", 1, 90), of_seed("mamba", 2, 92),
                                    of_seed("mamba", 3, 97), of_seed("average", 1, 40)};
    const QList<Conditions> conditions = conditions_of(all);
    QCOMPARE(conditions.size(), 1);
    QCOMPARE(conditions[0].runs, 4);
    const QList<Variant> variants = variants_of(all, conditions[0]);
    QCOMPARE(variants.size(), 2);
    QCOMPARE(variants[0].name, u"average"_s);
    QCOMPARE(variants[1].name, u"mamba"_s);
    QCOMPARE(variants[1].ids, (QStringList{u"mamba-1"_s, u"mamba-2"_s, u"mamba-3"_s}));
    const Spread& top1 = variants[1].spread(Metric::top1);
    QCOMPARE(top1.runs, 3);
    QCOMPARE(top1.mean, 93.0);
    QCOMPARE(top1.deviation, std::sqrt((9.0 + 1.0 + 16.0) / 2));  // of 90, 92, 97, by hand
    QVERIFY(std::isnan(variants[0].spread(Metric::top1).deviation));
  }

  void variants_of_one_fusion_are_named_by_what_differs() {
    test::FakeRun shallow, deep, other;
    deep.depth = 4;
    other.fusion = "transformer";
    const QList<Measurement> all = {measured("d2", shallow), measured("d4", deep),
                                    measured("t", other)};
    QStringList names;
    for (const Variant& v : variants_of(all, conditions_of(all)[0])) names.append(v.name);
    names.sort();
    QCOMPARE(names, (QStringList{u"mamba, depth 2"_s, u"mamba, depth 4"_s, u"transformer"_s}));
  }

  void other_devices_and_other_clips_are_other_conditions() {
    test::FakeRun here, there, elsewhere;
    there.device = "NVIDIA H200";
    elsewhere.dataset = "ucf101";
    const QList<Measurement> all = {measured("a", here), measured("b", there), measured("c", there),
                                    measured("e", elsewhere)};
    const QList<Conditions> conditions = conditions_of(all);
    QCOMPARE(conditions.size(), 3);
    QCOMPARE(conditions[0].runs, 2);  // the one of most runs first
    QVERIFY(conditions[0].device.contains(u"H200"_s));
    const QList<Variant> variants = variants_of(all, conditions[0]);
    QCOMPARE(variants.size(), 1);
    QCOMPARE(variants[0].ids, (QStringList{u"b"_s, u"c"_s}));
  }

  // Against the definition: a point is on the front where no other is at least as good in both
  // and better in one.
  void the_front_is_what_no_other_beats() {
    QList<QPointF> points = {{1, 50}, {2, 60}, {2, 55}, {3, 60}, {4, 90}, {5, 80}, {1, 50}};
    points.append({std::nan(""), 99});
    QPolygonF expected;
    for (const QPointF& p : points) {
      if (std::isnan(p.x())) continue;
      const bool beaten = std::any_of(points.begin(), points.end(), [&](const QPointF& q) {
        return q.x() <= p.x() && q.y() >= p.y() && (q.x() < p.x() || q.y() > p.y());
      });
      if (!beaten && !expected.contains(p)) expected.append(p);
    }
    QCOMPARE(pareto_front(points), expected);
    QCOMPARE(expected.size(), 3);
  }
};

OMNIQ_UI_TEST(ComparisonTest, comparison_test);

}  // namespace omniq::ui

#include "comparison_test.moc"
