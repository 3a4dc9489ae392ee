#include "ui/models/readers/run_reader.h"

#include <fstream>

#include "core/run/metrics.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class RunReaderTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder workspace_;
  int number_ = 0;
  std::filesystem::path make(const test::FakeRun& fake = {}) {
    return test::write_fake_run(workspace_.path(), "run" + std::to_string(number_++), fake);
  }
  static void overwrite(const std::filesystem::path& file, const std::string& text) {
    std::ofstream(file, std::ios::binary) << text;
  }

 private Q_SLOTS:
  void reads_a_finished_run() {
    test::FakeRun fake;
    fake.tags = {"a", "b"};
    fake.evaluated = true;
    RunReader reader(make(fake));
    QVERIFY(reader.refresh());
    const RunInfo& info = reader.info();
    QVERIFY2(!info.damaged, qPrintable(info.problem));
    QCOMPARE(state_key(info), u"finished"_s);
    QCOMPARE(info.fusion, u"mamba"_s);
    QCOMPARE(info.epoch, 10);
    QCOMPARE(info.best_top1, 90.0);
    QVERIFY(info.last_loss > 0.1 && info.last_loss < 1);
    QVERIFY(info.peak_vram > 3e9);
    QCOMPARE(info.tags, (QStringList{u"a"_s, u"b"_s}));
    QVERIFY(info.evaluated > 0);
    QVERIFY(!reader.refresh());  // nothing changed
  }

  void shows_the_loss_of_the_last_whole_epoch() {
    const auto folder = make(), file = folder / "metrics.jsonl";
    RunReader reader(folder);
    run::MetricsRow row;
    row.phase = "train";
    row.set(run::Metric::loss, 4);
    row.of_epoch["loss"] = 1.5;
    overwrite(file, run::to_line(row) + "\n");
    reader.refresh();
    QCOMPARE(reader.info().last_loss, 1.5);
    row.of_epoch.clear();
    std::ofstream(file, std::ios::app) << run::to_line(row) << "\n";
    reader.refresh();
    QCOMPARE(reader.info().last_loss, 1.5);
  }

  void estimates_the_time_left_of_a_running_run() {
    test::FakeRun fake;
    fake.state = run::RunState::running;
    fake.epoch = 4;
    RunReader reader(make(fake));
    reader.refresh();
    QVERIFY(reader.info().active());
    QCOMPARE(qRound(reader.info().seconds_left), 48);  // 120 steps of 0.4 s
  }

  void sees_what_changed() {
    const auto folder = make();
    RunReader reader(folder);
    reader.refresh();
    QVERIFY(write_notes(folder, {u"mine"_s, QStringList{u"x"_s}, u"note"_s, true}));
    QVERIFY(reader.refresh());
    QCOMPARE(reader.info().name, u"mine"_s);
    QCOMPARE(reader.info().tags, QStringList{u"x"_s});
    QVERIFY(reader.info().archived);
  }

  void damaged_folders_say_why_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("content");
    QTest::addColumn<QString>("reason");
    QTest::newRow("no config") << u"config.yaml"_s << QString() << u"config.yaml"_s;
    QTest::newRow("broken config") << u"config.yaml"_s << u"frames: [1"_s << u"not valid YAML"_s;
    QTest::newRow("cut config") << u"config.yaml"_s << u"frames: 8\ndata:\n  root: x\n"_s
                                << u"it lacks"_s;
    QTest::newRow("newer config") << u"config.yaml"_s << u"frames: 8\ndata:\n  root: x\nwarp: 9\n"_s
                                  << u"warp"_s;
    QTest::newRow("no status") << u"status.json"_s << QString() << u"status.json"_s;
    QTest::newRow("torn status") << u"status.json"_s << u"{\"state\": \"run"_s << u"not JSON"_s;
    QTest::newRow("newer status") << u"status.json"_s << u"{\"state\": \"dreaming\"}"_s
                                  << u"dreaming"_s;
    QTest::newRow("binary") << u"status.json"_s << QString(QChar(1)).repeated(500) << u"not JSON"_s;
  }
  void damaged_folders_say_why() {
    QFETCH(QString, file);
    QFETCH(QString, content);
    QFETCH(QString, reason);
    const auto folder = make();
    if (content.isEmpty()) {
      std::filesystem::remove(folder / file.toStdString());
    } else {
      overwrite(folder / file.toStdString(), content.toStdString());
    }
    RunReader reader(folder);
    QVERIFY(reader.refresh());
    QVERIFY(reader.info().damaged);
    QVERIFY2(reader.info().problem.contains(reason), qPrintable(reader.info().problem));
    QCOMPARE(state_key(reader.info()), u"damaged"_s);
  }

  void torn_metrics_are_no_damage() {
    const auto folder = make();
    std::ofstream(folder / "metrics.jsonl", std::ios::app) << "{\"step\": 999, \"ep";
    RunReader reader(folder);
    reader.refresh();
    QVERIFY(!reader.info().damaged);
    QVERIFY(!std::isnan(reader.info().last_loss));
  }

  void damaged_notes_are_named_but_hide_nothing() {
    const auto folder = make();
    overwrite(folder / "studio.json", "{{{");
    RunReader reader(folder);
    reader.refresh();
    QVERIFY(!reader.info().damaged);
    QVERIFY(reader.info().problem.contains(u"studio.json"_s));
    QVERIFY(!read_notes(folder));
  }

  void is_run_tells_folders_apart() {
    QVERIFY(RunReader::is_run(make()));
    std::filesystem::create_directories(workspace_ / "not-a-run/sub");
    QVERIFY(!RunReader::is_run(workspace_ / "not-a-run"));
  }
};

OMNIQ_UI_TEST(RunReaderTest, run_reader_test);

}  // namespace omniq::ui

#include "run_reader_test.moc"
