#include "ui/pages/runs/runs_page.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSettings>
#include <QTabWidget>
#include <QTableView>
#include <fstream>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/find.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/runs/run_actions.h"
#include "ui/pages/runs/run_details.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/confusion_view.h"
#include "ui/widgets/message_card.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class RunsPageTest : public QObject {
  Q_OBJECT
 private:
  std::unique_ptr<testing_support::TemporaryFolder> folder_;
  std::unique_ptr<Workspace> workspace_;
  RunColors colors_;
  std::unique_ptr<RunsPage> page_;

  void open(int runs) {
    QCOMPARE(static_cast<int>(page_ != nullptr), 0);
    workspace_ = std::make_unique<Workspace>();
    page_ = std::make_unique<RunsPage>(*workspace_, colors_);
    page_->resize(1100, 760);
    page_->show();
    workspace_->open(path(""));
    QTRY_COMPARE(workspace_->model().rowCount(), runs);
    if (runs > 0) QTRY_COMPARE(page_->selected().size(), 1);
  }
  QString path(const std::string& id) const {
    return to_qt((id.empty() ? folder_->path() : *folder_ / id).string());
  }
  template <class Widget>
  Widget* named(const QString& name) const {
    return test::named<Widget>(page_.get(), name);
  }
  int rows() const { return page_->table()->model()->rowCount(); }
  ChartView* loss() const { return page_->details()->curves()->charts().front(); }
  QString last_curve() const {
    const auto& curves = loss()->scene().curves;
    return curves.isEmpty() ? QString() : curves.back().name;
  }

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    folder_ = std::make_unique<testing_support::TemporaryFolder>();
  }
  void cleanup() {
    page_.reset();
    workspace_.reset();
  }

  void an_empty_workspace_says_what_belongs_here() {
    open(0);
    QVERIFY(!page_->table()->isVisible());
    test::write_fake_run(folder_->path(), "one");
    QTRY_VERIFY(page_->table()->isVisible());
  }

  void searching_and_filtering() {
    test::write_fake_workspace(folder_->path(), 25);
    open(25);
    QTest::keyClicks(named<QLineEdit>(u"Search"_s), u"transformer"_s);
    QCOMPARE(rows(), 5);
    auto* state = named<QComboBox>(u"State"_s);
    state->setCurrentIndex(state->findData(u"failed"_s));
    QCOMPARE(rows(), 1);
    QTest::keyClicks(named<QLineEdit>(u"Search"_s), u" nothing"_s);
    QCOMPARE(rows(), 0);
    QTRY_VERIFY(!page_->table()->isVisible());
  }

  void a_point_arrives_in_the_chart() {
    test::FakeRun fake;
    fake.epoch = 1;
    const auto run = test::write_fake_run(folder_->path(), "one", fake);
    open(1);
    QTRY_VERIFY(!loss()->scene().empty());
    QCOMPARE(test::points(*loss()), 20u);
    const std::string more = test::fake_metrics(fake, 30);
    std::ofstream(run / "metrics.jsonl", std::ios::app)
        << more.substr(test::fake_metrics(fake, 20).size());
    QTRY_COMPARE(test::points(*loss()), 30u);
    QVERIFY(loss()->scene().curves.front().smooth);  // smoothed over a faint raw curve
  }

  void the_curves_say_which_clips_are_monitored() {
    test::FakeRun fake;
    fake.selection = "last";
    test::write_fake_run(folder_->path(), "one", fake);
    open(1);
    QTRY_VERIFY(!loss()->scene().empty());
    const auto legend = [this] {
      for (auto* label : page_->details()->curves()->findChildren<QLabel*>())
        if (label->text().contains(u"dashed"_s)) return label->text();
      return QString();
    };
    QTRY_VERIFY(last_curve().contains(u"test list"_s));
    QVERIFY(legend().contains(u"dashed: test list"_s));
    fake.selection = "val";
    test::write_fake_run(folder_->path(), "two", fake);
    QTRY_COMPARE(rows(), 2);
    page_->select(path("two"));
    QTRY_VERIFY(legend().contains(u"dashed: held out"_s));
    QTRY_VERIFY(last_curve().contains(u"held out"_s));
    QVERIFY(!legend().contains(u"damaged"_s));
    std::ofstream(*folder_ / "two/metrics.jsonl", std::ios::app) << "{\"step\": x}\n";
    QTRY_VERIFY(legend().contains(u"1 damaged line of metrics.jsonl left out"_s));
  }

  void several_runs_share_the_charts_in_their_own_colours() {
    test::write_fake_run(folder_->path(), "one");
    test::write_fake_run(folder_->path(), "two");
    open(2);
    page_->table()->selectAll();
    QTRY_COMPARE(loss()->scene().curves.size(), 4);
    QSet<QRgb> colors;
    for (const Curve& curve : loss()->scene().curves) colors.insert(curve.color.rgb());
    QCOMPARE(colors.size(), 2);
    QCOMPARE(colors_.shown(path("one")), colors_.color(path("one")));
    // Zooming one zooms all.
    QTest::keyClick(loss(), Qt::Key_Plus);
    for (const ChartView* chart : page_->details()->curves()->charts())
      QCOMPARE(chart->x_range(), loss()->x_range());
  }

  void the_axis_can_be_epochs_or_time() {
    test::write_fake_run(folder_->path(), "one");
    open(1);
    QTRY_VERIFY(!loss()->scene().empty());
    auto* axis = named<QComboBox>(u"Horizontal axis"_s);
    axis->setCurrentIndex(1);
    QTRY_COMPARE(loss()->scene().x_title, u"Epoch"_s);
    QCOMPARE(loss()->x_range().high, 10.0);
    axis->setCurrentIndex(2);
    QTRY_COMPARE(loss()->scene().x_kind, AxisKind::duration);
    QVERIFY(std::abs(loss()->x_range().high - 199 * 0.4) < 1e-3);
  }

  void a_failed_run_shows_its_reason_and_a_damaged_one_its_damage() {
    test::FakeRun fake;
    fake.state = run::RunState::failed;
    fake.reason = "The loss is not a number at step 41.";
    test::write_fake_run(folder_->path(), "failed", fake);
    test::write_fake_run(folder_->path(), "damaged");
    std::ofstream(*folder_ / "damaged/status.json") << "{\"sta";
    open(2);
    auto* card = page_->details()->findChild<MessageCard*>();
    page_->select(path("failed"));
    QTRY_VERIFY(card->isVisible() && card->text().contains(u"step 41"_s));
    page_->select(path("damaged"));
    QTRY_VERIFY(card->text().contains(u"status.json"_s));
    QVERIFY(!page_->actions().clone->isEnabled());
  }

  void renaming_in_place_and_undo() {
    test::write_fake_run(folder_->path(), "one");
    open(1);
    QTRY_VERIFY(page_->actions().rename->isEnabled());
    page_->actions().rename->trigger();
    auto* editor = page_->table()->findChild<QLineEdit*>();
    QVERIFY(editor);
    editor->selectAll();
    QTest::keyClicks(editor, u"My best"_s);
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(workspace_->model().run(0).name, u"My best"_s);
    workspace_->undo().undo();
    QTRY_COMPARE(workspace_->model().run(0).name, u"one"_s);
  }

  void archiving_deleting_and_taking_back() {
    test::write_fake_run(folder_->path(), "one");
    test::write_fake_run(folder_->path(), "two");
    open(2);
    page_->select(path("one"));
    QTRY_VERIFY(page_->actions().archive->isEnabled());
    page_->actions().archive->trigger();
    QTRY_COMPARE(rows(), 1);
    page_->archived_action()->trigger();
    QCOMPARE(rows(), 2);
    page_->select(path("two"));
    QTRY_COMPARE(page_->details()->run(), path("two"));
    page_->actions().remove->trigger();
    QTRY_COMPARE(rows(), 1);
    QVERIFY(!std::filesystem::exists(*folder_ / "two"));
    workspace_->undo().undo();
    QTRY_COMPARE(rows(), 2);
  }

  void the_command_line_goes_on_with_a_paused_run() {
    test::FakeRun fake;
    fake.state = run::RunState::paused;
    test::write_fake_run(folder_->path(), "my run", fake);
    open(1);
    QTRY_VERIFY(page_->actions().copy_command->isEnabled());
    page_->actions().copy_command->trigger();
    QCOMPARE(QApplication::clipboard()->text(), u"omniq resume '"_s + path("my run") + u"'"_s);
  }

  void configurations_are_compared() {
    test::FakeRun fake;
    fake.fusion = "average";
    test::write_fake_run(folder_->path(), "one");
    test::write_fake_run(folder_->path(), "two", fake);
    open(2);
    page_->select(path("one"));
    page_->details()->show_tab(1);
    auto* text = named<QPlainTextEdit>(u"Configuration"_s);
    QTRY_VERIFY(text->toPlainText().contains(u"name: mamba"_s));
    page_->table()->selectAll();
    auto* table = named<QTableView>(u"Differences"_s);
    QTRY_VERIFY(table->isVisible());
    QTRY_COMPARE(table->model()->rowCount(), 1);
    QCOMPARE(table->model()->index(0, 0).data().toString(), u"fusion.name"_s);
  }

  void a_cell_of_the_confusion_matrix_lists_its_clips() {
    test::FakeRun fake;
    fake.evaluated = true;
    fake.best_top1 = 80;
    test::write_fake_run(folder_->path(), "one", fake);
    open(1);
    page_->details()->show_tab(3);
    auto* matrix = page_->findChild<ConfusionView*>();
    auto* clips = named<QTableView>(u"Clips"_s);
    QTRY_COMPARE(clips->model()->rowCount(), 100);
    QTest::mouseClick(matrix, Qt::LeftButton, {}, matrix->cell_rect(0, 1).center().toPoint());
    QCOMPARE(clips->model()->rowCount(), 5);
    QCOMPARE(clips->model()->index(0, 2).data().toString(), u"Shrink"_s);
    QTest::keyClick(matrix, Qt::Key_Left);
    QCOMPARE(clips->model()->rowCount(), 20);
  }

  void columns_stay_as_they_were_arranged() {
    test::write_fake_run(folder_->path(), "one");
    open(1);
    QHeaderView* header = page_->table()->horizontalHeader();
    header->moveSection(header->visualIndex(WorkspaceModel::kTags), 1);
    header->hideSection(WorkspaceModel::kPeakVram);
    page_.reset();
    open(1);
    header = page_->table()->horizontalHeader();
    QCOMPARE(header->visualIndex(WorkspaceModel::kTags), 1);
    QVERIFY(header->isSectionHidden(WorkspaceModel::kPeakVram));
  }

  // How quickly: omniq_ui_benchmark.
  void a_thousand_runs_are_sorted_and_searched() {
    test::write_fake_workspace(folder_->path(), 1000);
    open(1000);
    const auto in_order = [this](int column, int role) {
      QAbstractItemModel* model = page_->table()->model();
      for (int row = 1; row < model->rowCount(); ++row) {
        const auto order = QVariant::compare(model->index(row - 1, column).data(role),
                                             model->index(row, column).data(role));
        if (order != QPartialOrdering::Less && order != QPartialOrdering::Equivalent) return false;
      }
      return true;
    };
    page_->table()->sortByColumn(WorkspaceModel::kBestTop1, Qt::AscendingOrder);
    QVERIFY(in_order(WorkspaceModel::kBestTop1, WorkspaceModel::kSortRole));
    page_->table()->sortByColumn(WorkspaceModel::kName, Qt::AscendingOrder);
    QVERIFY(in_order(WorkspaceModel::kName, WorkspaceModel::kSortRole));
    named<QLineEdit>(u"Search"_s)->setText(u"mamba"_s);
    QVERIFY(rows() > 0 && rows() < 1000);
    named<QLineEdit>(u"Search"_s)->clear();
    QCOMPARE(rows(), 1000);
  }
};

OMNIQ_UI_TEST(RunsPageTest, runs_page_test);

}  // namespace omniq::ui

#include "runs_page_test.moc"
