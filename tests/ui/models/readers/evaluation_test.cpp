#include "ui/models/readers/evaluation.h"

#include <QAbstractItemModelTester>
#include <fstream>

#include "core/config/experiment.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/models/items/clip_model.h"
#include "ui/models/items/config_diff_model.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class EvaluationTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::filesystem::path make(const char* name) {
    test::FakeRun fake;
    fake.evaluated = true;
    fake.best_top1 = 80;
    return test::write_fake_run(folder_.path(), name, fake);
  }

 private Q_SLOTS:
  void reads_what_the_engine_writes() {
    const auto files = read_evaluation(make("good"));
    QVERIFY2(files, files ? "" : files.error().message.c_str());
    const run::Evaluation& record = files->record;
    QCOMPARE(record.summary.top1, 80.0);
    QCOMPARE(record.classes.size(), 4u);
    QCOMPARE(record.confusion[0], (std::vector<std::int64_t>{20, 5, 0, 0}));
    QCOMPARE(record.predictions.size(), 100u);
    QVERIFY(record.predictions.front().correct);
    QCOMPARE(files->data_root, u"/data/demo"_s);
  }

  void damaged_files_are_named() {
    const auto cut = make("cut");
    std::ofstream(cut / "eval/confusion.csv") << "x,A,B\nA,1\n";
    QVERIFY(read_evaluation(cut).error().message.find("confusion.csv") != std::string::npos);
    const auto gone = make("gone");
    std::filesystem::remove(gone / "eval/predictions.csv");
    QVERIFY(read_evaluation(gone).error().message.find("predictions.csv") != std::string::npos);
    const auto torn = make("torn");
    std::ofstream(torn / "eval/summary.json") << "{\"top1\":";
    QVERIFY(read_evaluation(torn).error().message.find("summary.json") != std::string::npos);
  }

  void clips_are_a_valid_model() {
    ClipModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.set_clips(read_evaluation(make("model"))->record.predictions, u"/data/demo"_s);
    QCOMPARE(model.rowCount(), 100);
    model.show_wrong();
    QCOMPARE(model.rowCount(), 20);
    model.show_cell("Grow", "Shrink");
    QCOMPARE(model.rowCount(), 5);
    QCOMPARE(model.index(0, 0).data(ClipModel::kFileRole).toString(),
             u"/data/demo/Grow/clip_20.mp4"_s);
  }

  void differences_between_configurations() {
    config::Experiment a, b;
    b.fusion.name = "average";
    b.optim.lr_head = 0.5;
    b.run.dir = "elsewhere";
    const auto differences = config_differences(a, b);
    QCOMPARE(differences.size(), 2);
    QCOMPARE(differences[0].key, u"fusion.name"_s);
    QCOMPARE(differences[1].there, u"0.5"_s);
    ConfigDiffModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.set(differences, u"a"_s, u"b"_s);
    QCOMPARE(model.headerData(2, Qt::Horizontal).toString(), u"b"_s);
  }
};

OMNIQ_UI_TEST(EvaluationTest, evaluation_test);

}  // namespace omniq::ui

#include "evaluation_test.moc"
