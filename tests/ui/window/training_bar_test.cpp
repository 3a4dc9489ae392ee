#include "ui/window/training_bar.h"

#include <QApplication>
#include <QComboBox>
#include <QFileInfo>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTabWidget>
#include <functional>
#include <future>

#include "core/config/load.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/answer.h"
#include "tests/ui/support/find.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/preferences.h"
#include "ui/base/text.h"
#include "ui/pages/demo/demo_page.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/probability_bars.h"
#include "ui/window/main_window.h"
#include "ui/window/run_notifications.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class FakeNotifier : public Notifier {
 public:
  void set_waiting(bool on) override {
    waiting = on;
    has_waited |= on;
  }
  void notify(const QString& title, const QString& text) override {
    messages.append(title + u": "_s + text);
  }
  bool waiting = false, has_waited = false;
  QStringList messages;
};

// A person configures a run, starts it, watches it, pauses it and goes on.
class TrainingBarTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

  QString runs() const { return to_qt((folder_ / "runs").string()); }
  const RunInfo& only_run() { return window_->workspace().model().run(0); }
  /// A run of the command line in the same workspace.
  std::unique_ptr<QProcess> start_elsewhere(int epochs) {
    auto experiment = test::small_experiment(folder_ / "demo", folder_ / "runs");
    experiment.train.epochs = epochs;
    const auto yaml = folder_.write("elsewhere.yaml", config::to_yaml(experiment));
    auto process = std::make_unique<QProcess>();
    process->start(QCoreApplication::applicationDirPath() + u"/omniq"_s,
                   {u"train"_s, to_qt(yaml.string())});
    return process;
  }
  int running() {
    const auto& all = window_->workspace().model().runs();
    return static_cast<int>(std::count_if(all.begin(), all.end(), std::mem_fn(&RunInfo::active)));
  }
  /// Of the question that closing the window asks.
  static void answer(QMessageBox::ButtonRole role) {
    test::answer_next<QMessageBox>([role](QMessageBox* box) {
      for (QAbstractButton* button : box->buttons())
        if (box->buttonRole(button) == role) button->click();
    });
  }
  void fill(QWidget* dialog, const QString& field, const QString& text) {
    auto* line = test::named<QLineEdit>(dialog, field);
    QVERIFY2(line, qPrintable(field));
    line->selectAll();
    QTest::keyClicks(line, text);
  }

 private Q_SLOTS:
  void initTestCase() { test::make_small_demo(folder_ / "demo"); }
  void init() {
    QSettings().clear();
    std::filesystem::remove_all(folder_ / "runs");
    test::apply_test_theme();
    window_ = std::make_unique<MainWindow>(runs());
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get(), test::patience_ms()));
  }
  void cleanup() { window_.reset(); }

  void what_memory_cannot_hold_is_asked_about_before_a_run_is_made() {
    config::Experiment e = test::small_experiment(folder_ / "demo", folder_ / "runs");
    e.frames = e.size = 4096;
    QSignalSpy ended(&window_->training(), &TrainingBar::ended);
    QSignalSpy failed(&window_->training(), &TrainingBar::failed);
    window_->training().start(e);
    QTRY_VERIFY(window_->findChild<QMessageBox*>(u"too_large"_s));
    auto* box = window_->findChild<QMessageBox*>(u"too_large"_s);
    QVERIFY2(box->text().contains(u"frames=4096"_s), qPrintable(box->text()));
    QVERIFY2(box->informativeText().contains(u" fits"_s), qPrintable(box->informativeText()));
    box->button(QMessageBox::Cancel)->click();
    QVERIFY(!window_->training().active());
    QCOMPARE(ended.size(), 1);
    QCOMPARE(failed.size(), 0);
    QVERIFY(!std::filesystem::exists(folder_ / "runs") ||
            std::filesystem::is_empty(folder_ / "runs"));
  }

  void from_the_dialog_to_a_finished_run() {
    const auto start = test::small_experiment(folder_ / "demo", "elsewhere");
    const auto yaml = folder_.write("start.yaml", config::to_yaml(start));

    QTest::keyClick(window_.get(), Qt::Key_N, Qt::ControlModifier);
    auto* dialog = window_->findChild<NewRunDialog*>();
    QVERIFY(dialog);
    auto* tabs = dialog->findChild<QTabWidget*>();
    tabs->setCurrentIndex(1);
    test::named<QPlainTextEdit>(dialog, u"Configuration as YAML"_s)
        ->setPlainText(to_qt(config::to_yaml(start)));
    tabs->setCurrentIndex(0);
    QCOMPARE(test::named<QComboBox>(dialog, u"Fusion"_s)->currentText(), u"average"_s);
    fill(dialog, u"Epochs"_s, u"x"_s);
    QVERIFY(!dialog->start_button()->isEnabled());
    fill(dialog, u"Epochs"_s, u"40"_s);
    fill(dialog, u"Name"_s, u"mine"_s);
    dialog->form().set_text(u"train.save_dir"_s, runs());
    QVERIFY2(dialog->start_button()->isEnabled(), qPrintable(dialog->form().general_error()));
    // The run stays at its first step until it has been seen.
    std::promise<void> seen;
    connect(
        &window_->training().job(), &TrainJob::metrics, this,
        [seen = seen.get_future().share()] { seen.wait(); }, Qt::DirectConnection);
    QTest::mouseClick(dialog->start_button(), Qt::LeftButton);

    // It appears, is chosen, and a point arrives in its chart.
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QTRY_COMPARE(window_->runs_page()->selected().size(), 1);
    ChartView* loss = window_->runs_page()->details()->curves()->charts().front();
    QTRY_VERIFY(!loss->scene().empty());
    QTRY_VERIFY(window_->runs_page()->actions().pause->isEnabled());
    window_->runs_page()->actions().pause->trigger();
    const auto request = to_path(only_run().path) / "control.json";
    QTRY_VERIFY(!std::filesystem::exists(request));  // it is heard
    seen.set_value();
    QTRY_COMPARE(state_key(only_run()), u"paused"_s);
    QTRY_VERIFY(test::points(*loss) > 0);
    QTRY_VERIFY(window_->runs_page()->actions().resume->isEnabled());
    window_->runs_page()->actions().resume->trigger();
    QTRY_COMPARE(state_key(only_run()), u"finished"_s);
    QTRY_COMPARE(test::points(*loss), 120u);
    QCOMPARE(only_run().epoch, 40);
    QVERIFY(!window_->training().isVisible());
  }

  void stop_now_goes_back_to_the_last_checkpoint() {
    auto long_run = test::small_experiment(folder_ / "demo", folder_ / "runs");
    long_run.train.epochs = 5000;
    window_->training().start(long_run);
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    const RunActions& actions = window_->runs_page()->actions();
    QTRY_VERIFY(actions.stop_now->isEnabled() && only_run().epoch > 0);
    test::picture(*window_, u"training"_s);
    QTest::keyClick(window_.get(), Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_COMPARE(state_key(only_run()), u"paused"_s);
    QVERIFY2(only_run().problem.contains(u"is discarded"_s), qPrintable(only_run().problem));
    QVERIFY(!window_->training().isVisible());
    QTRY_VERIFY(actions.resume->isEnabled() && !actions.stop_now->isEnabled());
    const qint64 step = only_run().step;
    QCOMPARE(step % 3, 0);  // three steps an epoch, and a checkpoint after each
    actions.resume->trigger();
    QTRY_VERIFY(only_run().active() && only_run().step > step);
    QPushButton* button = nullptr;
    for (auto* candidate : window_->training().findChildren<QPushButton*>())
      if (candidate->text() == u"Stop now"_s) button = candidate;
    QTest::mouseClick(button, Qt::LeftButton);
    QTRY_COMPARE(state_key(only_run()), u"paused"_s);
  }

  void what_another_process_trains_is_stopped_there() {
    const auto long_run = start_elsewhere(100000);
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QTRY_COMPARE(state_key(only_run()), u"running"_s);
    window_->runs_page()->select(only_run().path);
    const RunActions& actions = window_->runs_page()->actions();
    QTRY_VERIFY(actions.stop_now->isEnabled() && only_run().step > 0);
    actions.stop_now->trigger();
    QTRY_COMPARE(state_key(only_run()), u"paused"_s);
    QVERIFY2(only_run().problem.contains(u"is discarded"_s), qPrintable(only_run().problem));
    QTRY_COMPARE(long_run->state(), QProcess::NotRunning);
    QCOMPARE(long_run->exitCode(), 4);
  }

  void a_run_that_ends_is_told_to_the_desktop() {
    auto notifier = std::make_unique<FakeNotifier>();
    FakeNotifier* told = notifier.get();
    window_->notifications().set_notifier(std::move(notifier));
    QVERIFY(!told->waiting);
    window_->training().start(test::small_experiment(folder_ / "demo", folder_ / "runs"));
    QTRY_COMPARE(told->messages.size(), 1);
    QVERIFY(told->has_waited);
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QVERIFY2(told->messages.front().contains(u"Finished"_s), qPrintable(told->messages.front()));
    QVERIFY2(told->messages.front().contains(u"Top-1"_s), qPrintable(told->messages.front()));
    QVERIFY(told->messages.front().contains(only_run().name));
    QVERIFY(!told->waiting);

    // Of another process too; and a click brings the window with the run to the front.
    const auto other = start_elsewhere(100000);
    QTRY_VERIFY(window_->workspace().model().rowCount() == 2 && running() == 1);
    other->kill();
    QTRY_COMPARE(told->messages.size(), 2);
    window_->show_page(u"demo"_s);
    window_->showMinimized();
    Q_EMIT told->clicked();
    QVERIFY(!window_->isMinimized());
    QVERIFY(window_->runs_page()->isVisible());
    QVERIFY(told->messages.back().contains(
        QFileInfo(window_->runs_page()->selected().front()).fileName()));

    preferences().set_notify(false);
    const auto quiet = start_elsewhere(100000);
    QTRY_VERIFY(window_->workspace().model().rowCount() == 3 && running() == 1);
    quiet->kill();
    QTRY_COMPARE(running(), 0);
    QCOMPARE(told->messages.size(), 2);
  }

  void a_run_that_cannot_start_says_why() {
    auto broken = test::small_experiment(folder_ / "demo", folder_ / "runs");
    broken.data.trainlist = (folder_ / "nowhere.txt").string();
    window_->training().start(broken);
    auto* card = window_->runs_page()->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"nowhere.txt"_s), qPrintable(card->text()));
  }

  // The whole of "Try it now" takes a minute: OMNIQ_SLOW_TESTS=1 omniq_ui_tests training_bar_test
  void try_it_now_ends_in_an_answer() {
    if (!qEnvironmentVariableIsSet("OMNIQ_SLOW_TESTS")) QSKIP("takes a minute");
    QPushButton* button = nullptr;
    for (auto* candidate : window_->findChildren<QPushButton*>())
      if (candidate->text() == u"Try it now"_s) button = candidate;
    QTRY_VERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    ProbabilityBars* bars = window_->demo_page()->bars();
    QTRY_COMPARE(bars->entries().size(), 5);
    QTRY_VERIFY(window_->demo_page()->isVisible());
    const auto result = window_->demo_page()->result_json();
    QVERIFY2(result.indexOf("SlideLeft") > 0, result.constData());
  }

  void closing_asks_and_saves() {
    auto long_run = test::small_experiment(folder_ / "demo", folder_ / "runs");
    long_run.train.epochs = 5000;
    window_->training().start(long_run);
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QTRY_COMPARE(state_key(only_run()), u"running"_s);
    answer(QMessageBox::RejectRole);
    window_->close();
    QVERIFY(window_->isVisible());
    answer(QMessageBox::NoRole);
    window_->close();
    QTRY_VERIFY(!window_->isVisible());
    QVERIFY(!window_->training().active());
    const auto list = run::list_runs(folder_ / "runs");
    QCOMPARE(list->runs.front().status()->state, run::RunState::paused);
  }

  void closing_can_leave_the_run_to_another_process() {
    auto long_run = test::small_experiment(folder_ / "demo", folder_ / "runs");
    long_run.train.epochs = 100000;
    window_->training().start(long_run);
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QTRY_VERIFY(only_run().active() && only_run().step > 0);
    answer(QMessageBox::YesRole);
    window_->close();
    QTRY_VERIFY(!window_->isVisible());
    QVERIFY(!window_->training().active());
    const auto folder = run::list_runs(folder_ / "runs")->runs.front();
    const auto elsewhere = [&] {
      const auto status = folder.status();
      return status && status->state == run::RunState::running &&
             status->pid != QCoreApplication::applicationPid();
    };
    QTRY_VERIFY(elsewhere());
    const std::int64_t step = folder.status()->step;
    // It goes on where the window left it, and a new window can pause it.
    window_ = std::make_unique<MainWindow>(runs());
    window_->show();
    QTRY_COMPARE(window_->workspace().model().rowCount(), 1);
    QTRY_VERIFY(only_run().active() && only_run().step > step);
    for (int impatient = 0; impatient < 2; ++impatient)
      QVERIFY(window_->training().ask(only_run().path, run::Request::pause));
    QTRY_COMPARE(state_key(only_run()), u"paused"_s);
    QVERIFY2(only_run().problem.contains(u"was saved"_s), qPrintable(only_run().problem));
  }
};

OMNIQ_UI_TEST(TrainingBarTest, training_bar_test);

}  // namespace omniq::ui

#include "training_bar_test.moc"
