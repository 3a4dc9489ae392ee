#include "ui/models/readers/run_pace.h"

#include <fstream>
#include <thread>

#include "core/base/text.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class RunPaceTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;

  void environment(const std::string& run, const std::string& host, const std::string& device) {
    std::ofstream(folder_ / (run + "/environment.json"))
        << "{\"host\": \"" << host << "\", \"device_name\": \"" << device << "\"}";
  }
  std::optional<Pace> find(const config::Experiment& experiment, const std::string& device) {
    PaceFinder finder;
    return finder.find(folder_.path(), experiment, device, [] { return false; });
  }

 private Q_SLOTS:
  void an_earlier_run_of_the_same_shape_on_the_same_device_is_found() {
    test::FakeRun fake;  // 0.4 s a step
    test::write_fake_run(folder_.path(), "2026-11-01_old", fake);
    test::write_fake_run(folder_.path(), "2026-11-02_other_machine", fake);
    fake.fusion = "average";
    test::write_fake_run(folder_.path(), "2026-11-03_other_shape", fake);
    test::write_fake_run(folder_.path(), "2026-11-04_no_environment", {});
    environment("2026-11-01_old", run::host_name(), "A fast one");
    environment("2026-11-02_other_machine", "elsewhere", "A fast one");
    environment("2026-11-03_other_shape", run::host_name(), "A fast one");

    config::Experiment wanted;
    wanted.train.trainable = "all";
    wanted.train.epochs = 400;  // longer, but no other step
    wanted.optim.lr_head = 1;
    wanted.threads = std::max(1u, std::thread::hardware_concurrency());  // what 0 stands for
    const auto pace = find(wanted, "A fast one");
    QVERIFY(pace);
    QCOMPARE(pace->run, u"2026-11-01_old"_s);
    QVERIFY(qFuzzyCompare(pace->seconds, 0.4) || std::abs(pace->seconds - 0.4) < 1e-6);
    QVERIFY(pace->memory > 0x1p30);
    QVERIFY(!find(wanted, "Another one"));
    wanted.frames = 8;
    QVERIFY(!find(wanted, "A fast one"));
  }

  void pauses_and_validation_do_not_count() {
    std::vector<run::MetricsRow> rows;
    double time = 0;
    for (int step = 10; step <= 60; step += 10) {
      run::MetricsRow row;
      row.step = step;
      row.phase = "train";
      row.time = time += step == 40 ? 9000 : 20;
      rows.push_back(row);
      if (step == 30) {
        row.phase = "val";
        row.time = time += 500;
        rows.push_back(row);
      }
    }
    QCOMPARE(seconds_per_step(rows), 2.0);
    QCOMPARE(seconds_per_step({}), 0.0);
  }
};

OMNIQ_UI_TEST(RunPaceTest, run_pace_test);

}  // namespace omniq::ui

#include "run_pace_test.moc"
