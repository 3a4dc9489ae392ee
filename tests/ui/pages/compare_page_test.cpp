#include "ui/pages/compare/compare_page.h"

#include <QApplication>
#include <QComboBox>
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QSvgRenderer>
#include <QTableView>
#include <fstream>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/csv.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/find.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/pages/compare/budget_sliders.h"
#include "ui/pages/compare/figure_panel.h"
#include "ui/pages/runs/runs_page.h"
#include "ui/widgets/figure/figure_view.h"
#include "ui/widgets/message_card.h"
#include "ui/window/main_window.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

// Three seeds of mamba, two of transformer, one on another device, one that was not evaluated.
class ComparePageTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

  ComparePage& page() { return *window_->compare_page(); }
  ComparisonModel& model() { return page().model(); }

  void write(const std::string& id, const std::string& fusion, int seed, double top1, double ms,
             const std::string& device = "cpu", bool evaluated = true) {
    test::FakeRun fake;
    fake.fusion = fusion;
    fake.seed = seed;
    fake.best_top1 = top1;
    fake.ms_per_clip = ms;
    fake.params = fusion == "mamba" ? 45'651'167 : 41'801'951;
    fake.device = device;
    fake.evaluated = evaluated;
    fake.epochs = fake.epoch = 2;
    test::write_fake_run(folder_ / "runs", id, fake);
  }
  template <class Widget>
  Widget* named(const QString& name) {
    return test::named<Widget>(&page(), name);
  }
  /// Whether a card of the page shows these words.
  bool says(const QString& words) {
    const auto cards = page().findChildren<MessageCard*>();
    return std::any_of(cards.begin(), cards.end(), [&](const MessageCard* card) {
      return card->isVisible() && card->text().contains(words);
    });
  }
  /// Where the pointer finds a variant's mark.
  QPoint place_of(int mark) {
    FigureView& view = *page().figure()->view();
    for (int y = 0; y < view.height(); y += 3) {
      for (int x = 0; x < view.width(); x += 3) {
        if (view.figure()->mark_at(QPointF(x, y), view.rect(), view.font()) == mark) return {x, y};
      }
    }
    return {-1, -1};
  }

 private Q_SLOTS:
  void initTestCase() {
    write("mamba-1", "mamba", 1, 90, 3.0);
    write("mamba-2", "mamba", 2, 94, 3.2);
    write("mamba-3", "mamba", 3, 95, 3.1);
    write("transformer-1", "transformer", 1, 88, 2.0);
    write("transformer-2", "transformer", 2, 86, 2.1);
    write("average-1", "average", 1, 70, 1.0);
    write("mamba-gpu", "mamba", 1, 91, 0.2, "NVIDIA H200");
    write("gated-waiting", "gated_conv", 1, 80, 1.0, "cpu", false);
  }
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    window_ = std::make_unique<MainWindow>(to_qt((folder_ / "runs").string()));
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get(), test::patience_ms()));
    window_->show_page(u"compare"_s);
    QTRY_COMPARE(model().rowCount(), 3);
  }
  void cleanup() { window_.reset(); }

  void runs_of_other_devices_are_not_mixed_in() {
    auto* conditions = named<QComboBox>(u"Measured under"_s);
    QCOMPARE(conditions->count(), 2);
    QVERIFY2(conditions->currentText().contains(u"6 runs"_s),
             qPrintable(conditions->currentText()));
    bool said = false;
    for (const QLabel* label : page().findChildren<QLabel*>())
      said |= label->text() == "1 run measured otherwise"_L1;
    QVERIFY(said);
    conditions->setCurrentIndex(1);
    Q_EMIT conditions->activated(1);
    QCOMPARE(model().rowCount(), 1);
    QCOMPARE(model().variants()[0].ids, QStringList{u"mamba-gpu"_s});
  }

  void a_mark_of_one_run_opens_it() {
    const QPoint place = place_of(0);  // average
    QVERIFY(place.x() >= 0);
    QTest::mouseClick(page().figure()->view(), Qt::LeftButton, {}, place);
    QVERIFY(window_->runs_page()->isVisible());
    QTRY_COMPARE(window_->runs_page()->selected().value(0).section(u'/', -1), u"average-1"_s);
  }

  void a_mark_of_several_runs_asks_which() {
    const QPoint place = place_of(2);  // mamba
    QTest::mouseClick(page().figure()->view(), Qt::LeftButton, {}, place);
    auto* menu = page().findChild<QMenu*>();
    QVERIFY(menu);
    QCOMPARE(menu->actions().size(), 3);
    menu->actions()[1]->trigger();
    QTRY_COMPARE(window_->runs_page()->selected().value(0).section(u'/', -1), u"mamba-2"_s);
  }

  void a_budget_greys_out_what_costs_more() {
    QSlider* latency = page().figure()->budgets()->slider(Metric::latency);
    QVERIFY(latency->isEnabled());
    QVERIFY(
        !page().figure()->budgets()->slider(Metric::peak_vram)->isEnabled());  // nobody measured it
    latency->setValue(latency->maximum() / 2);  // from 1.0 to 3.1: at most 2.05
    QVERIFY(model().over_budget(model().variants()[2]));
    QVERIFY(!model().over_budget(model().variants()[0]));
    latency->setValue(latency->maximum());
    QVERIFY(!model().over_budget(model().variants()[2]));
  }

  void differences_are_against_the_chosen_variant() {
    auto* baseline = named<QComboBox>(u"Differences against"_s);
    const int row = baseline->findText(u"transformer"_s);
    baseline->setCurrentIndex(row);
    Q_EMIT baseline->activated(row);
    const auto cell = model().index(2, ComparisonModel::kFirstMetric);  // mamba's Top-1: 93 of 87
    QCOMPARE(cell.data().toString(), u"93.0 ± 2.6 (+6.0)"_s);
  }

  void every_figure_is_written_in_every_format_with_the_runs_ids() {
    for (const FigureKind kind : kFigures) {
      page().figure()->show_figure(kind);
      for (const QString& ending : {u"png"_s, u"svg"_s, u"pdf"_s}) {
        const QString file = to_qt((folder_ / "figure.").string()) + ending;
        const Status saved = page().figure()->save(file, u"Measured: here."_s);
        QVERIFY2(saved, qPrintable(file));
        QFile in(file);
        QVERIFY(in.open(QIODevice::ReadOnly));
        const QByteArray bytes = in.readAll();
        if (ending == "png"_L1) {
          const QImage image = QImage::fromData(bytes);
          QVERIFY(image.width() >= 1400);
          // Something in each fusion's colour was painted.
          QSet<QRgb> colors;
          for (int y = 0; y < image.height(); y += 2) {
            for (int x = 0; x < image.width(); x += 2) colors.insert(image.pixel(x, y));
          }
          for (const Variant& v : model().variants())
            QVERIFY(colors.contains(fusion_style(v.fusion).color(Theme::get(false)).rgb()));
        } else if (ending == "svg"_L1) {
          QVERIFY(QSvgRenderer(bytes).isValid());
          for (const QByteArray id : {"mamba-3", "transformer-2", "average-1"})
            QVERIFY(bytes.contains(id));
          QVERIFY(!bytes.contains("mamba-gpu"));
        } else {
          QVERIFY(bytes.startsWith("%PDF-"));
          QVERIFY(bytes.contains("%%EOF"));
        }
      }
    }
    QVERIFY(!page().figure()->save(to_qt((folder_ / "figure.gif").string()), {}));
    QVERIFY(!page().figure()->save(u"/nowhere/at/all.png"_s, {}));
  }

  void the_table_is_written_in_every_format() {
    const QString csv = to_qt((folder_ / "table.csv").string());
    QVERIFY(page().save_table(csv));
    QFile in(csv);
    QVERIFY(in.open(QIODevice::ReadOnly));
    const QList<QStringList> rows = test::csv_rows(QString::fromUtf8(in.readAll()));
    QCOMPARE(rows.size(), 4);
    QCOMPARE(rows[3][0], u"mamba"_s);
    QCOMPARE(rows[3][rows[0].indexOf(u"top1_percent"_s)].toDouble(), 93.0);
    QCOMPARE(rows[3].last(), u"mamba-1 mamba-2 mamba-3"_s);
    for (const QString& ending : {u"md"_s, u"tex"_s}) {
      const QString file = to_qt((folder_ / "table.").string()) + ending;
      QVERIFY(page().save_table(file));
      QFile text(file);
      QVERIFY(text.open(QIODevice::ReadOnly));
      const QString all = QString::fromUtf8(text.readAll());
      QVERIFY(all.contains(u"93.0"_s) && all.contains(u"mamba-3"_s));
    }
  }

  void a_new_evaluation_appears_and_a_damaged_one_is_told() {
    write("average-2", "average", 2, 74, 1.0);
    folder_.write("runs/transformer-2/eval/summary.json", "{");
    window_->workspace().refresh();
    QTRY_COMPARE(model().variants()[0].ids, (QStringList{u"average-1"_s, u"average-2"_s}));
    QCOMPARE(model().variants()[1].ids, QStringList{u"transformer-1"_s});
    QVERIFY(says(u"transformer-2"_s));
    std::filesystem::remove_all(folder_ / "runs/average-2");
    write("transformer-2", "transformer", 2, 86, 2.1);
  }

  void what_waits_for_an_evaluation_is_offered() {
    QSignalSpy asked(&page(), &ComparePage::evaluation_requested);
    QPushButton* evaluate = nullptr;
    for (QPushButton* button : page().findChildren<QPushButton*>()) {
      if (button->isVisible() && button->text() == "Evaluate"_L1) evaluate = button;
    }
    QVERIFY(evaluate);
    evaluate->click();
    QCOMPARE(asked.count(), 1);
    const QStringList runs = asked[0][0].toStringList();
    QCOMPARE(runs.size(), 1);
    QVERIFY(runs[0].endsWith(u"gated-waiting"_s));
    // That run has no checkpoint: the page says so instead of the figures.
    QTRY_VERIFY(says(u"checkpoint"_s));
  }
};

OMNIQ_UI_TEST(ComparePageTest, compare_page_test);

}  // namespace omniq::ui

#include "compare_page_test.moc"
