#include "ui/models/items/model_frames.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "core/config/load.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class ModelFramesTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  QString config_;

  QString clip(const char* name) const { return to_qt((folder_ / "demo" / name).string()); }
  ModelFramesRequest request(const char* name, std::optional<quint64> seed = {}) const {
    return {clip(name), config_, seed};
  }
  static QList<qint64> numbers(const ModelFrames& model) {
    QList<qint64> all;
    for (int row = 0; row < model.rowCount(); ++row)
      all.append(model.index(row).data(ModelFrames::kNumberRole).toLongLong());
    return all;
  }
  static QImage picture(const ModelFrames& model, int row) {
    return model.index(row).data(Qt::DecorationRole).value<QPixmap>().toImage();
  }
  static void wait_for(ModelFrames& model, const ModelFramesRequest& request) {
    QSignalSpy found(&model, &ModelFrames::found);
    model.ask(request);
    QCOMPARE(model.rowCount(), 0);
    QTRY_COMPARE(found.size(), 1);
  }

 private Q_SLOTS:
  void initTestCase() {
    test::make_small_demo(folder_ / "demo");  // 8 frames of 64 × 64, 12 a second
    config_ = to_qt(folder_
                        .write("small.yaml",
                               "frames: 4\nsize: 32\nvision_backbone: swin_nano\n"
                               "data: {sampling: segments}\n")
                        .string());
  }

  void evaluation_takes_the_middle_of_each_segment() {
    ModelFrames model;
    const QAbstractItemModelTester tester(&model,
                                          QAbstractItemModelTester::FailureReportingMode::QtTest);
    wait_for(model, request("Grow/grow_t000.mp4"));
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(model.views(), 1);
    QCOMPARE(model.side(), 32);
    const auto frames = test::off_thread([&] {
      const auto e = config::load(to_path(config_), std::vector<std::string>{"data.root=."});
      return ui::engine().value()->model_frames(folder_ / "demo/Grow/grow_t000.mp4", *e, {}, {});
    });
    QVERIFY(frames);
    for (int row = 0; row < 4; ++row) {
      const ModelFrame& frame = (*frames)[static_cast<std::size_t>(row)];
      QCOMPARE(numbers(model)[row] / 2, row);  // segments of two frames
      QCOMPARE(numbers(model)[row], frame.number);
      const double time = model.index(row).data(ModelFrames::kTimeRole).toDouble();
      QVERIFY(std::abs(time - static_cast<double>(frame.number) / 12) < 1e-3);
      // The pixels are the model's, each seven times as large.
      const QImage shown = picture(model, row);
      for (const QPoint at : {QPoint(0, 0), QPoint(9, 20), QPoint(31, 31)}) {
        const std::uint8_t* rgb = frame.rgb.data() + 3 * (at.y() * 32 + at.x());
        QCOMPARE(shown.pixelColor(at * 7 + QPoint(3, 3)), QColor(rgb[0], rgb[1], rgb[2]));
      }
    }
  }

  void a_training_draw_is_that_of_its_seed() {
    ModelFrames model;
    wait_for(model, request("Grow/grow_t000.mp4", 7));
    const QList<qint64> first = numbers(model);
    const QImage picture_of_first = picture(model, 0);
    wait_for(model, request("Grow/grow_t000.mp4", 8));
    QVERIFY(numbers(model) != first || picture(model, 0) != picture_of_first);
    wait_for(model, request("Grow/grow_t000.mp4", 7));
    QCOMPARE(numbers(model), first);
    QCOMPARE(picture(model, 0), picture_of_first);
  }

  void the_defaults_need_no_file() {
    ModelFrames model;
    wait_for(model, {clip("Grow/grow_t000.mp4"), {}, {}});
    QCOMPARE(model.rowCount(), config::Experiment{}.frames);
    QCOMPARE(model.side(), config::Experiment{}.size);
  }

  void only_what_was_asked_for_last_is_answered() {
    ModelFrames model;
    QSignalSpy found(&model, &ModelFrames::found), failed(&model, &ModelFrames::failed);
    model.ask(request("nowhere.mp4"));
    model.ask({clip("Grow/grow_t001.mp4"), {}, {}});
    model.ask(request("Grow/grow_t000.mp4"));
    QTRY_COMPARE(found.size(), 1);
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(failed.size(), 0);
    model.clear();
    QCOMPARE(model.rowCount(), 0);
  }

  void what_is_wrong_is_a_sentence() {
    folder_.write("text.mp4", "no video");
    folder_.write("wrong.yaml", "frames: many\n");
    folder_.write("large.yaml", "frames: 4096\nsize: 4096\nfusion: {max_frames: 4096}\n");
    ModelFrames model;
    QSignalSpy failed(&model, &ModelFrames::failed);
    const QString text = to_qt((folder_ / "text.mp4").string());
    model.ask({text, config_, {}});
    QTRY_COMPARE(failed.size(), 1);
    model.ask({clip("Grow/grow_t000.mp4"), to_qt((folder_ / "wrong.yaml").string()), {}});
    QTRY_COMPARE(failed.size(), 2);
    model.ask({clip("Grow/grow_t000.mp4"), to_qt((folder_ / "large.yaml").string()), {}});
    QTRY_COMPARE(failed.size(), 3);
    const std::string named[] = {"text.mp4", "wrong.yaml, line 1: frames", "too much to show"};
    for (int i = 0; i < 3; ++i) {
      const auto error = failed[i][0].value<Error>();
      QVERIFY2(error.message.find(named[i]) != std::string::npos, error.message.c_str());
    }
    QCOMPARE(model.rowCount(), 0);
  }
};

OMNIQ_UI_TEST(ModelFramesTest, model_frames_test);

}  // namespace omniq::ui

#include "model_frames_test.moc"
