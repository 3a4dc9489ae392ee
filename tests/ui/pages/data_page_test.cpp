#include "ui/pages/data/data_page.h"

#include <QApplication>
#include <QComboBox>
#include <QDropEvent>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableView>
#include <QUrl>

#include "core/base/text.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/find.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/pages/data/dataset_picker.h"
#include "ui/pages/data/model_frames_panel.h"
#include "ui/pages/data/problem_panel.h"
#include "ui/widgets/message_card.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class DataPageTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<DataPage> page_;

  QString path(const char* name) const { return to_qt((folder_ / name).string()); }
  QString count(int row, int column) const {
    return page_->classes()->model()->index(row, column).data().toString();
  }
  void drop(const QString& dropped) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(dropped)});
    QDragEnterEvent enter({400, 300}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page_.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop({400, 300}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page_.get(), &drop);
  }
  QPushButton* button(const QString& text) const {
    for (auto* one : page_->findChildren<QPushButton*>())
      if (one->text() == text) return one;
    return nullptr;
  }
  int problems() const { return page_->problems()->model().rowCount(); }

 private Q_SLOTS:
  void initTestCase() {
    test::make_small_demo(folder_ / "demo");
    test::make_small_demo(folder_ / "damaged");
    // A clip that is gone, one that is text, and one that is trained on and tested with.
    std::filesystem::remove(folder_ / "damaged/Grow/grow_t000.mp4");
    folder_.write("damaged/Grow/grow_t001.mp4", "no video");
    const auto list = folder_ / "damaged/lists/trainlist.txt";
    const std::string text = testing_support::read_text(list);
    folder_.write("damaged/lists/trainlist.txt", "Grow/grow_e000.mp4 7\n" + text);
  }
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    page_ = std::make_unique<DataPage>();
    page_->resize(1100, 760);
    page_->show();
  }
  void cleanup() { page_.reset(); }

  void a_dropped_folder_is_counted_by_its_lists() {
    drop(path("demo"));
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 8);
    QCOMPARE(page_->picker()->folder(), path("demo"));
    QCOMPARE(page_->picker()->findChild<QComboBox*>()->currentText(), u"lists"_s);
    for (int row = 0; row < 8; ++row) {
      QCOMPARE(count(row, ClassCountModel::kTrain).toInt() +
                   count(row, ClassCountModel::kHeldOut).toInt(),
               3);
      QCOMPARE(count(row, ClassCountModel::kTest), u"2"_s);
    }
    QCOMPARE(problems(), 0);
    QVERIFY(!page_->problems()->write_button()->isVisible());
  }

  void the_table_sorts_by_number() {
    page_->open(path("damaged"));
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 8);
    page_->classes()->sortByColumn(ClassCountModel::kTrain, Qt::DescendingOrder);
    for (int row = 1; row < 8; ++row)
      QVERIFY(count(row - 1, ClassCountModel::kTrain).toInt() >=
              count(row, ClassCountModel::kTrain).toInt());
  }

  void a_double_click_on_a_clip_opens_it() {
    page_->open(path("demo"));
    QTRY_COMPARE(page_->clips()->model()->rowCount(), 5);
    QSignalSpy opened(page_.get(), &DataPage::clip_opened);
    const QModelIndex second = page_->clips()->model()->index(1, 0);
    const QPoint at = page_->clips()->visualRect(second).center();
    QTest::mouseClick(page_->clips()->viewport(), Qt::LeftButton, {}, at);
    QCOMPARE(opened.size(), 0);
    QTest::mouseDClick(page_->clips()->viewport(), Qt::LeftButton, {}, at);
    QCOMPARE(opened.size(), 1);
    const QString file = opened[0][0].toString();
    QVERIFY2(QFileInfo::exists(file), qPrintable(file));
    page_->clips()->setFocus();
    QTest::keyClick(page_->clips(), Qt::Key_Return);
    QCOMPARE(opened.size(), 2);
  }

  void the_clip_that_is_chosen_shows_what_a_model_is_given_of_it() {
    page_->open(path("damaged"));
    QTRY_COMPARE(page_->clips()->model()->rowCount(), 5);
    ModelFramesPanel* panel = page_->frames();
    auto* configs = test::named<QComboBox>(panel, u"Settings of"_s);
    QCOMPARE(configs->currentText(), u"the defaults"_s);
    QTRY_COMPARE(panel->model().rowCount(), 32);  // of the first clip
    const auto run = folder_.write("runs/mine/config.yaml",
                                   "vision_backbone: swin_nano\nframes: 4\nsize: 64\n"
                                   "data: {sampling: segments}\n");
    panel->set_config(to_qt(run.string()));
    QCOMPARE(panel->text(), u"Decoding …"_s);
    QCOMPARE(configs->currentText(), u"mine"_s);
    QTRY_COMPARE(panel->model().rowCount(), 4);
    const auto click = [this](const QString& name) {
      const auto rows = page_->clips()->model()->match(page_->clips()->model()->index(0, 0),
                                                       Qt::DisplayRole, name);
      QCOMPARE(rows.size(), 1);
      QTest::mouseClick(page_->clips()->viewport(), Qt::LeftButton, {},
                        page_->clips()->visualRect(rows.front()).center());
    };
    // A clip that cannot be read says so where its frames would be, and the next one is shown.
    click(u"grow_t001"_s);
    QCOMPARE(panel->model().rowCount(), 0);
    QTRY_VERIFY(panel->text().contains(u"grow_t001.mp4"_s));
    click(u"grow_t002"_s);
    QTRY_COMPARE(panel->model().rowCount(), 4);
    QVERIFY(panel->text().isEmpty());

    auto* seed = test::named<QSpinBox>(panel, u"Seed of the draw"_s);
    QVERIFY(!seed->isVisible());
    auto* mode = test::named<QComboBox>(panel, u"For"_s);
    mode->setFocus();
    QTest::keyClick(mode, Qt::Key_Down);
    QVERIFY(seed->isVisible());
    QTRY_COMPARE(panel->model().rowCount(), 4);
    test::picture(*page_, u"data_frames"_s);
    seed->setValue(3);
    QCOMPARE(panel->model().rowCount(), 0);
    QTRY_COMPARE(panel->model().rowCount(), 4);

    QSignalSpy opened(page_.get(), &DataPage::clip_opened);
    for (auto* one : panel->findChildren<QPushButton*>())
      if (one->text() == u"Play"_s) one->click();
    QCOMPARE(opened.size(), 1);
    QVERIFY(opened[0][0].toString().endsWith(u"grow_t002.mp4"_s));

    // The settings are those of the last time.
    page_ = std::make_unique<DataPage>();
    QCOMPARE(test::named<QComboBox>(page_->frames(), u"Settings of"_s)->currentText(), u"mine"_s);
  }

  void the_class_that_is_chosen_shows_its_clips() {
    page_->open(path("demo"));
    QTRY_COMPARE(page_->clips()->model()->rowCount(), 5);
    page_->classes()->selectRow(3);
    const QString name = count(3, ClassCountModel::kClass);
    const QString file =
        page_->clips()->model()->index(0, 0).data(ClipGallery::kFileRole).toString();
    QVERIFY2(file.contains(u'/' + name + u'/'), qPrintable(file));
  }

  void a_check_finds_what_cannot_be_decoded_and_lists_are_written_without_it() {
    page_->open(path("damaged"));
    QTRY_COMPARE(problems(), 2);  // missing, and in both lists
    QTest::mouseClick(page_->problems()->check_button(), Qt::LeftButton);
    QTRY_COMPARE(problems(), 3);
    QTRY_VERIFY(page_->problems()->check_button()->isVisible());
    QCOMPARE(page_->problems()->model().summary(), u"1 missing, 1 unreadable, 1 in both lists"_s);
    QVERIFY(page_->problems()->write_button()->isVisible());
    page_->write_lists(path("mended"));
    QTRY_COMPARE(problems(), 1);  // the unreadable clip lies there still, in no list
    QCOMPARE(page_->picker()->findChild<QComboBox*>()->currentText(), u"mended"_s);
    QSignalSpy run(page_.get(), &DataPage::new_run_requested);
    QTest::mouseClick(button(u"Use in a new run…"_s), Qt::LeftButton);
    QCOMPARE(run.size(), 1);
    const auto values = run[0][0].value<QHash<QString, QString>>();
    QCOMPARE(values[u"data.root"_s], path("damaged"));
    QCOMPARE(values[u"data.trainlist"_s], path("mended/trainlist.txt"));
    QCOMPARE(values[u"data.testlist"_s], path("mended/testlist.txt"));
    QCOMPARE(values[u"data.classind"_s], path("mended/classInd.txt"));
    // A folder that has other lists is not written into.
    folder_.write("mended/testlist.txt", "Grow/grow_e001.mp4\n");
    page_->write_lists(path("mended"));
    auto* card = page_->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"is there already"_s), qPrintable(card->text()));
  }

  void a_folder_that_is_no_dataset_says_so_and_the_next_one_works() {
    std::filesystem::create_directories(folder_ / "empty");
    auto* edit = page_->picker()->findChild<QLineEdit*>();
    edit->setText(path("empty"));
    QTest::keyClick(edit, Qt::Key_Return);
    auto* card = page_->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"no class folders"_s), qPrintable(card->text()));
    QVERIFY(button(u"Make the demo set…"_s)->isVisible());
    edit->setText(path("demo"));
    QTest::keyClick(edit, Qt::Key_Return);
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 8);
    QVERIFY(!card->isVisible());
  }

  void damaged_lists_name_the_line() {
    folder_.write("demo/bad.txt", "Grow/grow_t000.mp4 99\n");
    data::ListFiles lists;
    lists.trainlist = folder_ / "demo/bad.txt";
    page_->open(path("demo"), lists);
    auto* card = page_->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"bad.txt:1"_s), qPrintable(card->text()));
  }

  void what_was_open_is_open_the_next_time() {
    page_->open(path("demo"));
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 8);
    page_ = std::make_unique<DataPage>();
    QCOMPARE(page_->classes()->model()->rowCount(), 0);
    page_->show();
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 8);
  }

  // The size of UCF101, half of whose files are missing.
  void thirteen_thousand_clips() {
    std::string classes, train;
    for (int c = 0; c < 100; ++c) {
      const std::string name = cat("Class", c);
      std::filesystem::create_directories(folder_ / "large" / name);
      classes += cat(c + 1, " ", name, "\n");
      for (int clip = 0; clip < 130; ++clip) {
        train += cat(name, "/clip", clip, ".avi ", c + 1, "\n");
        if (clip % 2 == 0) std::ofstream(folder_ / "large" / name / cat("clip", clip, ".avi"));
      }
    }
    folder_.write("large/lists/classInd.txt", classes);
    folder_.write("large/lists/trainlist.txt", train);
    page_->open(path("large"));
    QTRY_COMPARE(page_->classes()->model()->rowCount(), 100);
    QCOMPARE(problems(), 6500);
    QCOMPARE(page_->clips()->model()->rowCount(), 65);
    page_->problems()->table()->sortByColumn(ProblemModel::kWhere, Qt::DescendingOrder);
    QCOMPARE(page_->problems()->table()->model()->index(0, ProblemModel::kWhere).data().toString(),
             u"Class99/clip99.avi"_s);
  }

  void the_demo_set_can_be_stopped_while_it_is_made() {
    page_->make_demo(path("made"));
    QTRY_VERIFY(button(u"Stop"_s)->isVisible());
    QTest::mouseClick(button(u"Stop"_s), Qt::LeftButton);
    QTRY_VERIFY(!button(u"Stop"_s)->isVisible());
    QVERIFY(button(u"Make the demo set…"_s)->isVisible());
  }
};

OMNIQ_UI_TEST(DataPageTest, data_page_test);

}  // namespace omniq::ui

#include "data_page_test.moc"
