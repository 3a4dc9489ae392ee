#include "ui/widgets/chart/chart_view.h"

#include <QFile>
#include <QImage>
#include <QSignalSpy>
#include <QSvgRenderer>
#include <QWheelEvent>
#include <cmath>
#include <random>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/smoothed.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

Curve curve(const QString& name, std::size_t count, double smoothing = 0) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 0.1);
  auto x = std::make_shared<std::vector<double>>(), y = std::make_shared<std::vector<double>>();
  for (std::size_t i = 0; i < count; ++i) {
    x->push_back(static_cast<double>(i));
    y->push_back(1 + std::exp(-static_cast<double>(i) / (count / 4.0)) + normal(random));
  }
  Curve c{name, Theme::get(false).series[0], Qt::SolidLine, std::make_shared<CurveData>(x, y),
          nullptr};
  if (smoothing > 0) c.smooth = std::make_shared<CurveData>(x, test::smoothed(*y, smoothing));
  return c;
}

ChartScene scene(std::size_t count = 1001) {
  ChartScene s;
  s.title = u"Loss"_s;
  s.x_title = u"Step"_s;
  s.curves = {curve(u"run, one"_s, count), curve(u"run two"_s, count / 2, 0.9)};
  return s;
}

}  // namespace

class ChartViewTest : public QObject {
  Q_OBJECT
 private:
  std::unique_ptr<ChartView> view_;

  void wheel(int turns, QPointF at) {
    QWheelEvent event(at, view_->mapToGlobal(at), {}, {0, 120 * turns}, Qt::NoButton,
                      Qt::NoModifier, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(view_.get(), &event);
  }

 private Q_SLOTS:
  void init() {
    view_ = std::make_unique<ChartView>();
    view_->resize(640, 400);
    view_->set_scene(scene());
    view_->show();
    QVERIFY(QTest::qWaitForWindowExposed(view_.get(), test::patience_ms()));
  }

  void the_wheel_zooms_at_the_pointer() {
    QSignalSpy moved(view_.get(), &ChartView::x_range_changed);
    wheel(2, {320, 200});
    QCOMPARE(moved.size(), 1);
    QVERIFY(view_->x_range().span() < 700);
    QVERIFY(view_->x_range().low > 100 && view_->x_range().high < 900);
    QVERIFY(!view_->fitted());
  }

  void a_drag_zooms_and_a_double_click_shows_everything() {
    QTest::mousePress(view_.get(), Qt::LeftButton, {}, {200, 100});
    QTest::mouseMove(view_.get(), {400, 300});
    QTest::mouseRelease(view_.get(), Qt::LeftButton, {}, {400, 300});
    QVERIFY(view_->x_range().span() < 500);
    const Range y = view_->y_range();
    QVERIFY(y.span() < 1.5);
    QTest::mouseDClick(view_.get(), Qt::LeftButton, {}, {300, 200});
    QVERIFY(view_->fitted());
    QCOMPARE(view_->x_range(), (Range{0, 1000}));
  }

  void shift_drag_pans() {
    wheel(3, {320, 200});
    const Range before = view_->x_range();
    QTest::mousePress(view_.get(), Qt::LeftButton, Qt::ShiftModifier, {300, 200});
    QTest::mouseMove(view_.get(), {250, 200});
    QTest::mouseRelease(view_.get(), Qt::LeftButton, Qt::ShiftModifier, {250, 200});
    QVERIFY(view_->x_range().low > before.low);
    QVERIFY(std::abs(view_->x_range().span() - before.span()) < 1e-6);
  }

  void keys_do_what_the_mouse_does() {
    QTest::keyClick(view_.get(), Qt::Key_Plus);
    QVERIFY(!view_->fitted());
    QTest::keyClick(view_.get(), Qt::Key_Right);
    QVERIFY(view_->x_range().low > 100);
    QTest::keyClick(view_.get(), Qt::Key_Home);
    QVERIFY(view_->fitted());
  }

  void a_chosen_view_stays_while_points_arrive() {
    wheel(2, {320, 200});
    const Range chosen = view_->x_range();
    view_->set_scene(scene(2001));
    QCOMPARE(view_->x_range(), chosen);
    view_->fit();
    QCOMPARE(view_->x_range(), (Range{0, 2000}));
  }

  void the_pointer_shows_a_crosshair() {
    QSignalSpy moved(view_.get(), &ChartView::cursor_moved);
    const QImage before = view_->grab().toImage();
    QTest::mouseMove(view_.get(), {300, 150});
    QVERIFY(!moved.isEmpty());
    const double x = moved.last().at(0).toDouble();
    QVERIFY(x > 300 && x < 600);
    QVERIFY(view_->grab().toImage() != before);
  }

  void exports_can_be_read_again() {
    const testing_support::TemporaryFolder folder;
    const auto file = [&](const char* name) { return to_qt((folder / name).string()); };
    for (const char* name : {"c.png", "c.svg", "c.pdf", "c.csv"}) QVERIFY(view_->save(file(name)));

    const QImage image(file("c.png"));
    QCOMPARE(image.size(), QSize(1440, 840));
    int coloured = 0;  // the curve is in the picture
    for (int x = 0; x < image.width(); x += 2)
      for (int y = 0; y < image.height(); y += 2)
        coloured += image.pixelColor(x, y).saturation() > 120;
    QVERIFY(coloured > 500);
    QVERIFY(QSvgRenderer(file("c.svg")).isValid());
    QFile svg(file("c.svg")), pdf(file("c.pdf")), csv(file("c.csv"));
    QVERIFY(svg.open(QIODevice::ReadOnly) && svg.readAll().contains("run two"));
    QVERIFY(pdf.open(QIODevice::ReadOnly));
    const QByteArray page = pdf.readAll();
    QVERIFY(page.startsWith("%PDF-") && page.trimmed().endsWith("%%EOF"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    const QByteArrayList lines = csv.readAll().trimmed().split('\n');
    QCOMPARE(lines.size(), 1 + 1001 + 500);
    QCOMPARE(lines.front(), "series,step,Loss,smoothed");
    QVERIFY(lines[1].startsWith("\"run, one\",0,"));
  }

  void an_export_that_fails_says_why() {
    const Status nowhere = view_->save(u"/nonexistent/folder/chart.csv"_s);
    QVERIFY(!nowhere);
    QVERIFY(nowhere.error().message.find("/nonexistent") != std::string::npos);
    const Status unknown = view_->save(u"/tmp/chart.xyz"_s);
    QVERIFY(unknown.error().hint.find(".svg") != std::string::npos);
  }

  void logarithmic_charts_leave_out_what_is_not_positive() {
    ChartScene s = scene();
    auto y = std::make_shared<std::vector<double>>(s.curves[0].raw->y());
    (*y)[500] = 0;
    (*y)[501] = -5;
    s.curves[0].raw =
        std::make_shared<CurveData>(std::make_shared<std::vector<double>>(s.curves[0].raw->x()), y);
    s.y_kind = AxisKind::logarithm;
    view_->set_scene(s);
    QVERIFY(view_->y_range().low > 0);
    view_->grab();
  }

  // How quickly: omniq_ui_benchmark.
  void pans_a_million_points() {
    ChartScene s;
    s.title = u"Loss"_s;
    s.curves = {curve(u"long run"_s, 1'000'000, 0.99)};
    view_->set_scene(s);
    wheel(1, {320, 200});
    const Range before = view_->x_range();
    const QImage image = view_->grab().toImage();
    QTest::keyClick(view_.get(), Qt::Key_Right);
    QVERIFY(view_->x_range().low > before.low);
    QVERIFY(view_->grab().toImage() != image);
  }
};

OMNIQ_UI_TEST(ChartViewTest, chart_view_test);

}  // namespace omniq::ui

#include "chart_view_test.moc"
