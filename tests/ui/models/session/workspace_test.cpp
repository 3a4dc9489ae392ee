#include "ui/models/session/workspace.h"

#include <QSignalSpy>
#include <fstream>

#include "core/base/files.h"
#include "core/base/text.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/models/session/series_feed.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class WorkspaceTest : public QObject {
  Q_OBJECT
 private:
  std::unique_ptr<testing_support::TemporaryFolder> folder_;
  std::unique_ptr<Workspace> workspace_;

  void open() {
    workspace_ = std::make_unique<Workspace>();
    QSignalSpy opened(workspace_.get(), &Workspace::opened);
    workspace_->open(to_qt(folder_->path().string()));
    QVERIFY(opened.wait(test::patience_ms()));
  }
  WorkspaceModel& model() { return workspace_->model(); }
  QString path(const std::string& id) const { return to_qt((*folder_ / id).string()); }

 private Q_SLOTS:
  void init() { folder_ = std::make_unique<testing_support::TemporaryFolder>(); }
  void cleanup() { workspace_.reset(); }

  void lists_runs_and_follows_changes_made_elsewhere() {
    test::write_fake_run(folder_->path(), "one");
    std::filesystem::create_directories(*folder_ / "no-run");
    open();
    QCOMPARE(model().rowCount(), 1);
    test::write_fake_run(folder_->path(), "two");
    QTRY_COMPARE(model().rowCount(), 2);
    std::filesystem::remove_all(*folder_ / "one");
    QTRY_COMPARE(model().rowCount(), 1);
    QVERIFY(model().find(path("two")));
  }

  void what_cannot_be_read_is_named_and_hides_nothing() {
    test::write_fake_run(folder_->path(), "one");
    std::filesystem::create_symlink("loop", *folder_ / "loop");  // root may read all else
    folder_->write("file", "");
    workspace_ = std::make_unique<Workspace>();
    QSignalSpy opened(workspace_.get(), &Workspace::opened);
    workspace_->open(to_qt(folder_->path().string()));
    QVERIFY(opened.wait(20000));
    QCOMPARE(model().rowCount(), 1);
    QVERIFY(opened.first().at(1).toString().isEmpty());
    QCOMPARE(opened.first().at(2).toString(),
             path("loop") + u" cannot be read: Too many levels of symbolic links."_s);
  }

  void a_folder_that_is_not_there_yet_is_empty() {
    workspace_ = std::make_unique<Workspace>();
    QSignalSpy opened(workspace_.get(), &Workspace::opened);
    workspace_->open(path("later"));
    QVERIFY(opened.wait(test::patience_ms()));
    QCOMPARE(opened.first().at(0).toInt(), 0);
    QVERIFY(opened.first().at(1).toString().isEmpty());
    test::write_fake_run(*folder_ / "later", "one");
    QTRY_COMPARE(model().rowCount(), 1);
  }

  void opening_another_folder_forgets_the_first() {
    test::write_fake_run(*folder_ / "a", "one");
    test::write_fake_run(*folder_ / "b", "two");
    open();
    workspace_->open(path("a"));
    QTRY_COMPARE(model().rowCount(), 1);
    workspace_->open(path("b"));
    QTRY_VERIFY(model().find(path("b/two")));
    QCOMPARE(model().rowCount(), 1);
  }

  void notes_are_kept_and_undone() {
    const auto run = test::write_fake_run(folder_->path(), "one");
    open();
    QVERIFY(workspace_->change_notes({path("one")}, u"Rename"_s,
                                     [](RunNotes& notes) { notes.name = u"first"_s; }));
    QTRY_COMPARE(model().find(path("one"))->name, u"first"_s);
    QCOMPARE(workspace_->undo().undoText(), u"Rename"_s);
    workspace_->undo().undo();
    QTRY_COMPARE(model().find(path("one"))->name, u"one"_s);
    workspace_->undo().redo();
    QCOMPARE(read_notes(run)->name, u"first"_s);
  }

  void deleting_can_be_undone() {
    const auto run = test::write_fake_run(folder_->path(), "one");
    open();
    QVERIFY(workspace_->move_to_trash({path("one")}));
    QVERIFY(!std::filesystem::exists(run));
    QTRY_COMPARE(model().rowCount(), 0);
    workspace_->undo().undo();
    QVERIFY(std::filesystem::exists(run / "config.yaml"));
    QTRY_COMPARE(model().rowCount(), 1);
  }

  void a_running_run_is_not_deleted() {
    test::FakeRun fake;
    fake.state = run::RunState::running;
    fake.epoch = 2;
    const auto run = test::write_fake_run(folder_->path(), "busy", fake);
    open();
    const Status status = workspace_->move_to_trash({path("busy")});
    QVERIFY(!status);
    QVERIFY(status.error().message.find("is being trained") != std::string::npos);
    QVERIFY(std::filesystem::exists(run));
  }

  void curves_follow_a_growing_run() {
    test::FakeRun fake;
    fake.epoch = 1;
    const auto run = test::write_fake_run(folder_->path(), "one", fake);
    SeriesFeed feed;
    feed.follow({path("one")});
    QTRY_COMPARE(feed.series(path("one")).phase(Phase::train).step.size(), 20u);
    const std::string longer = test::fake_metrics(fake, 25);
    std::ofstream(run / "metrics.jsonl", std::ios::app)
        << longer.substr(test::fake_metrics(fake, 20).size());
    QTRY_COMPARE(feed.series(path("one")).phase(Phase::train).step.size(), 25u);
    // Resumed elsewhere: the rows after the checkpoint are gone.
    QVERIFY(write_file_atomic(run / "metrics.jsonl", test::fake_metrics(fake, 22)));
    QTRY_COMPARE(feed.series(path("one")).phase(Phase::train).step.size(), 22u);
    feed.follow({});
    QCOMPARE(feed.series(path("one")).phase(Phase::train).step.size(), 0u);
  }

  // How quickly: omniq_ui_benchmark.
  void of_a_thousand_runs_only_what_changes_is_said() {
    for (int i = 0; i < 1000; ++i) test::write_fake_run(folder_->path(), cat("run", i));
    open();
    QCOMPARE(model().rowCount(), 1000);
    QSignalSpy said(&model(), &WorkspaceModel::dataChanged);
    test::write_fake_run(folder_->path(), "new");
    QTRY_VERIFY(model().find(path("new")));
    QCOMPARE(said.size(), 0);
  }
};

OMNIQ_UI_TEST(WorkspaceTest, workspace_test);

}  // namespace omniq::ui

#include "workspace_test.moc"
