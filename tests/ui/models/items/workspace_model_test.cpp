#include "ui/models/items/workspace_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

RunInfo run(int number) {
  RunInfo info;
  info.path = u"/ws/run%1"_s.arg(number);
  info.id = info.name = u"run%1"_s.arg(number);
  info.best_top1 = number;
  return info;
}

}  // namespace

class WorkspaceModelTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void stays_a_valid_model() {
    WorkspaceModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QList<RunInfo> runs;
    for (int i = 0; i < 40; ++i) runs.append(run(i));
    model.apply(runs);
    QCOMPARE(model.rowCount(), 40);
    model.remove({u"/ws/run3"_s, u"/ws/run39"_s, u"/ws/nowhere"_s});
    QCOMPARE(model.rowCount(), 38);
    QVERIFY(!model.find(u"/ws/run3"_s));
    QCOMPARE(model.find(u"/ws/run4"_s)->name, u"run4"_s);
    QCOMPARE(model.index_of(u"/ws/run4"_s).row(), 3);
    QStringList many;
    for (int i = 0; i < 30; ++i) many.append(u"/ws/run%1"_s.arg(i));
    model.remove(many);
    QCOMPARE(model.rowCount(), 9);
    QCOMPARE(model.index_of(u"/ws/run31"_s).row(), 1);
  }

  void a_known_run_changes_in_place() {
    WorkspaceModel model;
    model.apply({run(1), run(2)});
    QSignalSpy changed(&model, &WorkspaceModel::dataChanged);
    RunInfo other = run(1);
    other.state = run::RunState::failed;
    other.problem = u"The disk is full."_s;
    model.apply({other});
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(changed.size(), 1);
    const QModelIndex state = model.index(0, WorkspaceModel::kState);
    QCOMPARE(state.data().toString(), u"Failed"_s);
    QCOMPARE(state.data(Qt::ToolTipRole).toString(), u"The disk is full."_s);
    QCOMPARE(state.data(WorkspaceModel::kStateRole).toString(), u"failed"_s);
  }

  void missing_values_are_dashes() {
    WorkspaceModel model;
    RunInfo info;
    info.path = u"/x"_s;
    model.apply({info});
    for (const int column :
         {WorkspaceModel::kBestTop1, WorkspaceModel::kLastLoss, WorkspaceModel::kPeakVram,
          WorkspaceModel::kTimeLeft, WorkspaceModel::kStarted, WorkspaceModel::kEpoch}) {
      QCOMPARE(model.index(0, column).data().toString(), QString(QChar(0x2013)));
    }
  }
};

OMNIQ_UI_TEST(WorkspaceModelTest, workspace_model_test);

}  // namespace omniq::ui

#include "workspace_model_test.moc"
