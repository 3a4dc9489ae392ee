#include "ui/pages/demo/demo_page.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QDropEvent>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QUrl>

#include "core/config/load.h"
#include "tests/support/diverged.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_camera.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/jobs/frame_image.h"
#include "ui/jobs/train_job.h"
#include "ui/models/values/run_info.h"
#include "ui/pages/demo/live_camera.h"
#include "ui/pages/demo/player.h"
#include "ui/widgets/chart/chart_view.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/probability_bars.h"
#include "ui/widgets/video_view.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class DemoPageTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<DemoPage> page_;
  test::FakeCamera* source_ = nullptr;  // once the page has asked for one
  QList<FrameSource::Device> cameras_;  // that are there from the beginning

  MessageCard* card() const { return page_->findChild<MessageCard*>(); }
  QPushButton* button(const QString& text) const {
    for (auto* one : page_->findChildren<QPushButton*>())
      if (one->text() == text && one->isVisible()) return one;
    return nullptr;
  }
  /// The model is there.
  bool waits_for_camera() const {
    for (auto* label : page_->findChildren<QLabel*>())
      if (label->text() == u"Waiting for the camera …"_s) return true;
    return false;
  }
  std::size_t answers() const {
    const auto& curves = page_->timeline()->scene().curves;
    return curves.isEmpty() ? 0 : curves[0].raw->size();
  }

  QString clip() const {
    return to_qt((folder_ / "demo/SlideLeft").string()) + u"/slide_left_t000.mp4"_s;
  }
  /// Shows a frame of a video that is paused. A frame that was asked for while it played may still
  /// come, and may be this one: another is shown first.
  void stand_at(int frame) {
    auto* seek = page_->findChild<QSlider*>();
    for (const int next : {frame == 3 ? 4 : 3, frame}) {
      Q_EMIT seek->sliderMoved(next);
      QTRY_COMPARE(seek->value(), next);
    }
  }
  void drop(const QString& file) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(file)});
    QDragEnterEvent enter({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page_->view(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(page_->view(), &drop);
  }

 private Q_SLOTS:
  // A model that knows its few training clips by heart.
  void initTestCase() {
    test::make_small_demo(folder_ / "demo");
    const auto small = test::small_experiment(folder_ / "demo", folder_ / "runs");
    auto e = *config::load(OMNIQ_SOURCE "/configs/demo-mamba.yaml",
                           std::vector<std::string>{"data.root=" + small.data.root,
                                                    "data.trainlist=" + small.data.trainlist,
                                                    "data.testlist=" + small.data.testlist,
                                                    "data.classind=" + small.data.classind});
    e.train.save_dir = small.train.save_dir;
    e.train.epochs = 120;
    e.threads = 1;
    JobThread<TrainJob> thread(u"omniq training"_s);
    int finished = 0, failed = 0;
    connect(thread.worker(), &TrainJob::finished, this, [&] { ++finished; });
    connect(thread.worker(), &TrainJob::failed, this, [&] { ++failed; });
    thread.ask([e](TrainJob& job, int ticket) { job.start(e, {}, false, {}, ticket); });
    QTRY_VERIFY(finished + failed > 0);
    QCOMPARE(failed, 0);
    QCOMPARE(finished, 1);
  }
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    workspace_ = std::make_unique<Workspace>();
    source_ = nullptr;
    cameras_ = {{"one", u"Front"_s}};
    page_ = std::make_unique<DemoPage>(*workspace_, [this] {
      auto source = std::make_unique<test::FakeCamera>();
      source_ = source.get();
      source_->plug(cameras_);
      return source;
    });
    page_->resize(1100, 760);
    page_->show();
    workspace_->open(to_qt((folder_ / "runs").string()));
    QTRY_COMPARE(workspace_->model().rowCount(), 1);
  }
  void cleanup() {
    page_.reset();
    workspace_.reset();
  }

  void a_dropped_video_plays_and_is_named() {
    QVERIFY(QFileInfo::exists(clip()));
    drop(clip());
    QTRY_VERIFY(!page_->view()->picture().isNull());
    QTRY_VERIFY(!page_->result_json().contains("\"frames\": 0"));
    QTRY_VERIFY(page_->timeline()->scene().curves.size() == 5 &&
                page_->timeline()->scene().curves[0].raw->size() == 8);
    const QJsonObject result = QJsonDocument::fromJson(page_->result_json()).object();
    const QJsonArray top5 = result["predictions"_L1][0]["top5"_L1].toArray();
    QCOMPARE(top5.size(), 5);
    QCOMPARE(top5[0]["label"_L1].toString(), u"SlideLeft"_s);
    // At the last frame the bars say what the whole video is.
    page_->play_action()->trigger();
    QCOMPARE(page_->findChild<QSlider*>()->maximum(), 7);
    stand_at(7);
    QCOMPARE(page_->bars()->entries().value(0).label, u"SlideLeft"_s);
    QVERIFY(std::abs(page_->bars()->entries()[0].probability -
                     top5[0]["probability"_L1].toDouble()) < 1e-4);
  }

  void a_path_or_a_file_in_the_clipboard_is_opened() {
    QClipboard* clipboard = QApplication::clipboard();
    for (const QString& text :
         {clip(), u"\"%1\"\n"_s.arg(clip()), QUrl::fromLocalFile(clip()).toString()}) {
      clipboard->setText(text);
      QSignalSpy opened(page_->findChild<Player*>(), &Player::opened);
      QTest::keyClick(page_.get(), Qt::Key_V, Qt::ControlModifier);
      QTRY_COMPARE(opened.size(), 1);
    }
    auto* copied = new QMimeData;
    copied->setUrls({QUrl::fromLocalFile(clip())});
    clipboard->setMimeData(copied);
    QSignalSpy opened(page_->findChild<Player*>(), &Player::opened);
    page_->paste_action()->trigger();
    QTRY_COMPARE(opened.size(), 1);
    QVERIFY(!card()->isVisible());
    clipboard->setText(u"/nowhere/at/all.mp4"_s);
    page_->paste_action()->trigger();
    QVERIFY(card()->isVisible());
    QVERIFY2(card()->text().contains(u"/nowhere/at/all.mp4"_s), qPrintable(card()->text()));
  }

  // A camera that shows a clip is named as the clip is, with an answer to every frame.
  void a_camera_is_watched_frame_by_frame() {
    QVERIFY(!source_);  // nothing is asked of the system before somebody wants it
    QTest::mouseClick(button(u"Camera"_s), Qt::LeftButton);
    QVERIFY(source_);
    QCOMPARE(source_->running, QByteArray("one"));
    auto video = test::off_thread([this] { return open_video(to_path(clip()), 0); });
    QVERIFY(video);
    QTRY_VERIFY(waits_for_camera());
    std::size_t sent = 0;
    for (QImage picture = read_image(**video); !picture.isNull(); picture = read_image(**video)) {
      source_->send(picture);
      ++sent;
      QTRY_COMPARE(answers(), sent);
    }
    QCOMPARE(sent, 8u);
    QCOMPARE(page_->bars()->entries().value(0).label, u"SlideLeft"_s);
    const QJsonObject result = QJsonDocument::fromJson(page_->result_json()).object();
    QCOMPARE(result["predictions"_L1][0]["video"_L1].toString(), u"Front"_s);
    QCOMPARE(result["predictions"_L1][0]["top5"_L1][0]["label"_L1].toString(), u"SlideLeft"_s);
    QTest::mouseClick(button(u"Stop camera"_s), Qt::LeftButton);
    QVERIFY(source_->running.isEmpty());
    // And a file plays as before.
    page_->open(clip());
    QTRY_VERIFY(page_->findChild<QSlider*>()->value() > 0);
  }

  void an_unplugged_camera_leaves_a_card_and_comes_back() {
    page_->camera_action()->trigger();
    QVERIFY(source_);
    source_->send(QImage(64, 48, QImage::Format_RGB888));
    QTRY_VERIFY(!page_->view()->picture().isNull());
    source_->unplug();
    QVERIFY(card()->isVisible());
    QVERIFY2(card()->text().contains(u"unplugged"_s), qPrintable(card()->text()));
    QTest::mouseClick(button(u"Try again"_s), Qt::LeftButton);
    QVERIFY2(card()->text().contains(u"No camera was found"_s), qPrintable(card()->text()));
    source_->plug({{"two", u"Another"_s}});
    QTest::mouseClick(button(u"Try again"_s), Qt::LeftButton);
    QCOMPARE(source_->running, QByteArray("two"));
    QVERIFY(!card()->isVisible());
  }

  void a_camera_that_may_not_be_used_says_so_and_the_page_goes_on() {
    page_->camera_action()->trigger();
    source_->stop();
    source_->denied = true;
    page_->camera_action()->trigger();
    QVERIFY(card()->isVisible());
    QVERIFY2(card()->text().contains(u"may not use"_s), qPrintable(card()->text()));
    QVERIFY(!page_->camera()->running());
    page_->open(clip());
    QVERIFY(!card()->isVisible());
    QTRY_VERIFY(page_->findChild<QSlider*>()->value() > 0);
  }

  void cameras_appear_by_themselves_and_can_be_changed() {
    page_->camera_action()->trigger();
    auto* choice = page_->camera()->findChild<QComboBox*>();
    QCOMPARE(choice->accessibleName(), u"Camera"_s);
    QCOMPARE(choice->count(), 1);
    source_->plug({{"one", u"Front"_s}, {"two", u"Back"_s}});
    QCOMPARE(choice->count(), 2);
    QCOMPARE(source_->running, QByteArray("one"));
    choice->setCurrentIndex(1);
    Q_EMIT choice->activated(1);
    QCOMPARE(source_->running, QByteArray("two"));
    page_->hide();  // nobody looks
    QVERIFY(source_->running.isEmpty());
  }

  void pausing_stops_the_pictures() {
    page_->open(clip());
    QTRY_VERIFY(!page_->view()->picture().isNull());
    QTRY_VERIFY(page_->findChild<QSlider*>()->value() > 0);  // it plays
    page_->play_action()->trigger();
    stand_at(5);
    const QImage still = page_->view()->picture();
    test::let_pass(200);
    QCOMPARE(page_->view()->picture(), still);
  }

  void the_result_can_be_copied() {
    page_->open(clip());
    QPushButton* copy = nullptr;
    for (auto* button : page_->findChildren<QPushButton*>())
      if (button->text() == u"Copy as JSON"_s) copy = button;
    QTRY_VERIFY(copy->isEnabled());
    QTest::mouseClick(copy, Qt::LeftButton);
    const auto json = QJsonDocument::fromJson(QApplication::clipboard()->text().toUtf8()).object();
    QCOMPARE(json["predictions"_L1][0]["video"_L1].toString(), clip());
  }

  void what_is_no_video_is_told_and_the_next_one_works() {
    const auto text = folder_.write("notes.mp4", "this is no video");
    drop(to_qt(text.string()));
    auto* card = page_->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"notes.mp4"_s), qPrintable(card->text()));
    drop(clip());
    QTRY_VERIFY(!page_->view()->picture().isNull());
    QVERIFY(!card->isVisible());
  }

  void a_diverged_model_says_so_and_names_nothing() {
    const std::filesystem::path run = to_path(workspace_->model().run(0).path);
    const testing_support::TemporaryFolder runs;
    std::filesystem::copy(run, runs / "diverged", std::filesystem::copy_options::recursive);
    testing_support::make_diverged(runs / "diverged/checkpoints/last.safetensors");
    workspace_->open(to_qt(runs.path().string()));
    QTRY_VERIFY(workspace_->model().find(to_qt((runs / "diverged").string())));
    drop(clip());
    QTRY_VERIFY(card()->isVisible());
    QVERIFY2(card()->text().contains(u"logits are not finite"_s), qPrintable(card()->text()));
    QVERIFY(page_->bars()->entries().isEmpty());
    page_->camera_action()->trigger();
    QVERIFY(!card()->isVisible());
    QTRY_VERIFY(waits_for_camera());
    source_->send(QImage(64, 48, QImage::Format_RGB888));
    QTRY_VERIFY(card()->isVisible());
    QVERIFY2(card()->text().contains(u"logits are not finite"_s), qPrintable(card()->text()));
    QCOMPARE(answers(), 0u);
  }
};

OMNIQ_UI_TEST(DemoPageTest, demo_page_test);

}  // namespace omniq::ui

#include "demo_page_test.moc"
