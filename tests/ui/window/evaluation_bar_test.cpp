#include "ui/window/evaluation_bar.h"

#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSettings>
#include <QTableView>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/engine/engine.h"
#include "ui/pages/compare/compare_page.h"
#include "ui/pages/runs/evaluation_tab.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/run_details.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/window/main_window.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

// Two runs that were trained on the command line and never evaluated.
class EvaluationBarTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

  void train(const std::string& fusion) {
    auto experiment = test::small_experiment(folder_ / "demo", folder_ / "runs");
    experiment.fusion.name = fusion;
    experiment.run.name = fusion;
    experiment.train.epochs = 1;
    auto folder = run::RunFolder::create(experiment);
    if (!folder) qFatal("%s", folder.error().text().c_str());
    train::Observer quiet;
    const auto outcome = test::off_thread(
        [&] { return ui::engine().value()->train(experiment, *folder, quiet, {}, {}); });
    if (!outcome) qFatal("%s", outcome.error().text().c_str());
  }
  /// What is shown follows the choice a moment later.
  void choose(const QString& run) {
    window_->runs_page()->select(run);
    QTRY_COMPARE(window_->runs_page()->details()->run(), run);
  }
  QPushButton* visible_button(QWidget* in, const QString& text) {
    for (QPushButton* button : in->findChildren<QPushButton*>()) {
      if (button->isVisible() && button->text() == text) return button;
    }
    return nullptr;
  }

 private Q_SLOTS:
  void initTestCase() {
    test::make_small_demo(folder_ / "demo");
    train("average");
    train("transformer");
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    window_ = std::make_unique<MainWindow>(to_qt((folder_ / "runs").string()));
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get(), test::patience_ms()));
    QTRY_COMPARE(window_->workspace().model().rowCount(), 2);
  }
  void cleanupTestCase() { window_.reset(); }

  void the_evaluation_tab_offers_it_and_shows_the_result() {
    RunsPage& runs = *window_->runs_page();
    choose(window_->workspace().model().run(0).path);
    constexpr int kEvaluationTab = 3;
    runs.details()->show_tab(kEvaluationTab);
    auto* tab = runs.findChild<EvaluationTab*>();
    QTRY_VERIFY(visible_button(tab, u"Evaluate"_s));
    visible_button(tab, u"Evaluate"_s)->click();
    auto* clips = tab->findChild<QTableView*>();
    QTRY_VERIFY(clips->isVisible() && clips->model()->rowCount() == 16);
    QTRY_VERIFY(!window_->findChild<EvaluationBar*>()->isVisible());
  }

  void the_compare_page_evaluates_what_is_left() {
    window_->show_page(u"compare"_s);
    ComparisonModel& model = window_->compare_page()->model();
    QTRY_COMPARE(model.rowCount(), 1);
    QTRY_VERIFY(visible_button(window_->compare_page(), u"Evaluate"_s));
    visible_button(window_->compare_page(), u"Evaluate"_s)->click();
    QTRY_COMPARE(model.rowCount(), 2);
    for (const Variant& variant : model.variants()) {
      QVERIFY(variant.mean(Metric::top1) >= 0);
      QVERIFY(variant.mean(Metric::latency) > 0);
      QVERIFY(variant.mean(Metric::params) > 0.1);
    }
  }

  void stopping_writes_nothing() {
    const QString run = window_->workspace().model().run(0).path;
    const auto summary = to_path(run) / "eval/summary.json";
    const std::string before = testing_support::read_text(summary);
    QVERIFY(!before.empty());
    window_->show_page(u"runs"_s);
    choose(run);
    QTRY_VERIFY(window_->runs_page()->actions().evaluate->isEnabled());
    window_->runs_page()->actions().evaluate->trigger();
    auto* evaluating = window_->findChild<EvaluationBar*>();
    QTRY_VERIFY(evaluating->isVisible());
    visible_button(evaluating, u"Stop"_s)->click();
    QTRY_VERIFY(!evaluating->isVisible());
    QCOMPARE(testing_support::read_text(summary), before);
  }
};

OMNIQ_UI_TEST(EvaluationBarTest, evaluation_bar_test);

}  // namespace omniq::ui

#include "evaluation_bar_test.moc"
