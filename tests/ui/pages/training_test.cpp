#include "ui/pages/training.h"

#include <QApplication>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTabWidget>
#include <fstream>

#include "core/config/load.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/pages/demo/demo_page.h"
#include "ui/pages/main_window.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/probability_bars.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

// A person configures a run, starts it, watches it, pauses it and goes on.
class TrainingTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

  QString runs() const { return to_qt((folder_ / "runs").string()); }
  const RunInfo& only_run() { return window_->workspace().model().run(0); }
  template <class Widget>
  static Widget* named(QWidget* in, const QString& name) {
    for (Widget* widget : in->findChildren<Widget*>()) {
      if (widget->accessibleName() == name) return widget;
    }
    return nullptr;
  }
  void fill(QWidget* dialog, const QString& field, const QString& text) {
    auto* line = named<QLineEdit>(dialog, field);
    QVERIFY2(line, qPrintable(field));
    line->selectAll();
    QTest::keyClicks(line, text);
  }

 private Q_SLOTS:
  void initTestCase() { test::make_small_demo(folder_ / "demo"); }
  void init() {
    QSettings().clear();
    std::filesystem::remove_all(folder_ / "runs");
    apply_theme(*qApp, ThemeMode::light);
    window_ = std::make_unique<MainWindow>(runs());
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get()));
  }
  void cleanup() { window_.reset(); }

  void from_the_dialog_to_a_finished_run() {
    const auto start = test::small_experiment(folder_ / "demo", "elsewhere");
    const auto yaml = folder_.write("start.yaml", config::to_yaml(start));

    QTest::keyClick(window_.get(), Qt::Key_N, Qt::ControlModifier);
    auto* dialog = window_->findChild<NewRunDialog*>();
    QVERIFY(dialog);
    auto* tabs = dialog->findChild<QTabWidget*>();
    tabs->setCurrentIndex(1);
    named<QPlainTextEdit>(dialog, u"Configuration as YAML"_s)
        ->setPlainText(to_qt(config::to_yaml(start)));
    tabs->setCurrentIndex(0);
    QCOMPARE(named<QComboBox>(dialog, u"Fusion"_s)->currentText(), u"average"_s);
    fill(dialog, u"Epochs"_s, u"x"_s);
    QVERIFY(!dialog->start_button()->isEnabled());
    fill(dialog, u"Epochs"_s, u"40"_s);
    fill(dialog, u"Name"_s, u"mine"_s);
    dialog->form().set_text(u"train.save_dir"_s, runs());
    QVERIFY2(dialog->start_button()->isEnabled(), qPrintable(dialog->form().general_error()));
    QTest::mouseClick(dialog->start_button(), Qt::LeftButton);

    // It appears, is chosen, and a point arrives in its chart while the window stays responsive.
    QTRY_COMPARE_WITH_TIMEOUT(window_->workspace().model().rowCount(), 1, 30000);
    QTRY_COMPARE_WITH_TIMEOUT(window_->runs_page()->selected().size(), 1, 10000);
    ChartView* loss = window_->runs_page()->details()->curves()->charts().front();
    QTRY_VERIFY_WITH_TIMEOUT(!loss->scene().empty(), 30000);
    QElapsedTimer beat;
    beat.start();
    qint64 slowest = 0;
    for (int i = 0; i < 60; ++i) {
      QTest::qWait(10);
      slowest = std::max(slowest, beat.restart() - 10);
    }
    qInfo("slowest turn of the event loop while training: %lld ms", slowest);

    QTRY_VERIFY_WITH_TIMEOUT(window_->runs_page()->actions().pause->isEnabled(), 10000);
    window_->runs_page()->actions().pause->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(state_key(only_run()), u"paused"_s, 30000);
    const std::size_t points = loss->scene().curves.front().raw->size();
    QVERIFY(points > 0);
    QTRY_VERIFY(window_->runs_page()->actions().resume->isEnabled());
    window_->runs_page()->actions().resume->trigger();
    QTRY_COMPARE_WITH_TIMEOUT(state_key(only_run()), u"finished"_s, 120000);
    QTRY_COMPARE_WITH_TIMEOUT(loss->scene().curves.front().raw->size(), 120u, 10000);
    QCOMPARE(only_run().epoch, 40);
    QVERIFY(!window_->training().isVisible());
  }

  void a_run_that_cannot_start_says_why() {
    auto broken = test::small_experiment(folder_ / "demo", folder_ / "runs");
    broken.data.trainlist = (folder_ / "nowhere.txt").string();
    window_->training().start(broken);
    auto* card = window_->runs_page()->findChild<MessageCard*>();
    QTRY_VERIFY_WITH_TIMEOUT(card->isVisible(), 30000);
    QVERIFY2(card->text().contains(u"nowhere.txt"_s), qPrintable(card->text()));
  }

  // The whole of "Try it now" takes a minute: OMNIQ_SLOW_TESTS=1 omniq_ui_tests training_test
  void try_it_now_ends_in_an_answer() {
    if (!qEnvironmentVariableIsSet("OMNIQ_SLOW_TESTS")) QSKIP("takes a minute");
    QPushButton* button = nullptr;
    for (auto* candidate : window_->findChildren<QPushButton*>())
      if (candidate->text() == u"Try it now"_s) button = candidate;
    QTRY_VERIFY(button->isVisible());
    QElapsedTimer clock;
    clock.start();
    QTest::mouseClick(button, Qt::LeftButton);
    ProbabilityBars* bars = window_->demo_page()->bars();
    QTRY_COMPARE_WITH_TIMEOUT(bars->entries().size(), 5, 400000);
    qInfo("from Try it now to a Top-5: %.0f s", static_cast<double>(clock.elapsed()) / 1000);
    QTRY_VERIFY(window_->demo_page()->isVisible());
    const auto result = window_->demo_page()->result_json();
    QVERIFY2(result.indexOf("SlideLeft") > 0, result.constData());
  }

  void closing_asks_and_saves() {
    auto long_run = test::small_experiment(folder_ / "demo", folder_ / "runs");
    long_run.train.epochs = 5000;
    window_->training().start(long_run);
    QTRY_COMPARE_WITH_TIMEOUT(window_->workspace().model().rowCount(), 1, 30000);
    QTRY_COMPARE_WITH_TIMEOUT(state_key(only_run()), u"running"_s, 30000);
    const auto answer = [this](QMessageBox::ButtonRole role) {
      QTimer::singleShot(200, window_.get(), [role] {
        auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget());
        for (QAbstractButton* button : box->buttons()) {
          if (box->buttonRole(button) == role) button->click();
        }
      });
    };
    answer(QMessageBox::RejectRole);
    window_->close();
    QVERIFY(window_->isVisible());
    answer(QMessageBox::NoRole);
    window_->close();
    QTRY_VERIFY_WITH_TIMEOUT(!window_->isVisible(), 30000);
    QVERIFY(!window_->training().job().active());
    const auto folder = run::list_runs(folder_ / "runs");
    QCOMPARE(folder.front().status()->state, run::RunState::paused);
  }
};

OMNIQ_UI_TEST(TrainingTest, training_test);

}  // namespace omniq::ui

#include "training_test.moc"
