#include "ui/models/session/run_endings.h"

#include <QSignalSpy>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class RunEndingsTest : public QObject {
  Q_OBJECT
 private:
  static RunInfo run(const QString& name, run::RunState state) {
    RunInfo info;
    info.path = info.name = name;
    info.state = state;
    return info;
  }

 private Q_SLOTS:
  void only_a_run_that_was_running_ends() {
    WorkspaceModel model;
    RunEndings endings(model);
    QSignalSpy ended(&endings, &RunEndings::ended);
    model.apply({run(u"a"_s, run::RunState::running), run(u"b"_s, run::RunState::finished),
                 run(u"c"_s, run::RunState::running)});
    QCOMPARE(ended.size(), 0);
    model.apply({run(u"a"_s, run::RunState::failed), run(u"b"_s, run::RunState::failed)});
    QCOMPARE(ended.size(), 1);
    QCOMPARE(ended.front().front().value<RunInfo>().name, u"a"_s);
    model.apply({run(u"a"_s, run::RunState::failed)});  // told once
    QCOMPARE(ended.size(), 1);
    model.apply({run(u"a"_s, run::RunState::running)});  // resumed
    model.apply({run(u"a"_s, run::RunState::finished)});
    QCOMPARE(ended.size(), 2);
  }

  void a_run_that_is_taken_away_does_not_end() {
    WorkspaceModel model;
    RunEndings endings(model);
    QSignalSpy ended(&endings, &RunEndings::ended);
    model.apply({run(u"a"_s, run::RunState::running)});
    model.remove({u"a"_s});
    model.apply({run(u"a"_s, run::RunState::finished)});
    QCOMPARE(ended.size(), 0);
  }
};

OMNIQ_UI_TEST(RunEndingsTest, run_endings_test);

}  // namespace omniq::ui

#include "run_endings_test.moc"
