#include "ui/pages/settings/settings_page.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QUndoStack>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/runs/curves_tab.h"
#include "ui/pages/settings/licence_dialog.h"
#include "ui/window/main_window.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class SettingsPageTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

  SettingsPage& page() const { return *window_->settings_page(); }
  QPushButton* button(const QString& text) const {
    for (auto* one : page().findChildren<QPushButton*>())
      if (one->text() == text) return one;
    return nullptr;
  }
  static void choose(QComboBox* box, int index) {
    box->setCurrentIndex(index);
    Q_EMIT box->activated(index);  // as a click in the list does
  }

 private Q_SLOTS:
  void initTestCase() { test::write_fake_workspace(folder_ / "runs", 3); }
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    window_ = std::make_unique<MainWindow>(to_qt((folder_ / "runs").string()));
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get(), test::patience_ms()));
    QVERIFY(window_->show_page(u"settings"_s));
  }
  void cleanup() {
    window_.reset();
    QSettings().clear();
  }

  void a_theme_is_applied_at_once() {
    QVERIFY(!Theme::current().dark);
    choose(page().theme(), 2);
    QVERIFY(Theme::current().dark);
    QCOMPARE(preferences().theme(), ThemeMode::dark);
    choose(page().theme(), 1);
    QVERIFY(!Theme::current().dark);
  }

  void a_new_run_takes_device_and_threads_where_it_leaves_them_open() {
    choose(page().device(), 1);
    page().threads()->setValue(1);
    QTest::keyClick(window_.get(), Qt::Key_N, Qt::ControlModifier);
    auto* dialog = window_->findChild<NewRunDialog*>();
    QVERIFY(dialog);
    QCOMPARE(dialog->form().text(u"device"_s), u"cpu"_s);
    QCOMPARE(dialog->form().text(u"threads"_s), u"1"_s);
    dialog->reject();
    QCOMPARE(preferences().engine_settings(), QStringList({u"device=cpu"_s, u"threads=1"_s}));
    config::Experiment decided;
    decided.device = "cuda";
    decided.threads = 4;
    preferences().apply_to(decided);
    QCOMPARE(decided.device, std::string("cuda"));
    QCOMPARE(decided.threads, 4);
  }

  void smoothing_moves_the_curves() {
    auto* curves = window_->findChild<CurvesTab*>();
    QSlider* slider = nullptr;
    for (auto* one : curves->findChildren<QSlider*>())
      if (one->accessibleName() == u"Smoothing"_s) slider = one;
    QVERIFY(slider);
    page().smoothing()->setValue(20);
    QCOMPARE(slider->value(), 20);
    // The other way round, when the page is shown again.
    slider->setValue(35);
    window_->show_page(u"runs"_s);
    window_->show_page(u"settings"_s);
    QCOMPARE(page().smoothing()->value(), 35);
  }

  void the_workspace_is_kept() {
    page().workspace()->setText(u"/data/runs"_s);
    Q_EMIT page().workspace()->editingFinished();
    QCOMPARE(preferences().workspace(), u"/data/runs"_s);
  }

  void a_reset_can_be_taken_back() {
    choose(page().theme(), 2);
    page().threads()->setValue(1);
    page().notify()->setChecked(false);
    choose(page().closing(), 2);
    QTest::mouseClick(button(u"Reset all settings"_s), Qt::LeftButton);
    QCOMPARE(page().theme()->currentIndex(), 0);
    QCOMPARE(page().threads()->value(), 0);
    QVERIFY(page().notify()->isChecked());
    QCOMPARE(preferences().closing(), Preferences::Closing::ask);
    QTest::keyClick(window_.get(), Qt::Key_Z, Qt::ControlModifier);
    QVERIFY(Theme::current().dark);
    QCOMPARE(page().theme()->currentIndex(), 2);
    QCOMPARE(page().threads()->value(), 1);
    QVERIFY(!page().notify()->isChecked());
    QCOMPARE(preferences().closing(), Preferences::Closing::stop);
  }

  void what_stands_in_the_file_is_put_in_range() {
    QSettings settings;
    settings.setValue("window/theme", u"purple"_s);
    settings.setValue("engine/device", u"toaster"_s);
    settings.setValue("engine/threads", -7);
    settings.setValue("curves/smoothing", 4000);
    settings.setValue("training/closing", 99);
    QCOMPARE(preferences().theme(), ThemeMode::system);
    QCOMPARE(preferences().device(), u"auto"_s);
    QCOMPARE(preferences().threads(), 0);
    QCOMPARE(preferences().smoothing(), 99);
    QCOMPARE(preferences().closing(), Preferences::Closing::stop);
  }

  void the_engine_says_what_it_is() {
    QTRY_VERIFY(!page().facts().isEmpty());
    for (const QString& part : {u"libtorch: 2."_s, u"OpenCV"_s, u"Qt: 6."_s, u"Processor: "_s})
      QVERIFY2(page().facts().contains(part), qPrintable(page().facts()));
  }

  void licences_are_there_in_full() {
    QTest::mouseClick(button(u"Licences…"_s), Qt::LeftButton);
    auto* dialog = page().findChild<LicenceDialog*>();
    QVERIFY(dialog);
    const auto texts = dialog->findChildren<QPlainTextEdit*>();
    QCOMPARE(texts.size(), 4);
    for (auto* text : texts)
      QVERIFY2(text->toPlainText().size() > 500, qPrintable(text->accessibleName()));
  }
};

OMNIQ_UI_TEST(SettingsPageTest, settings_page_test);

}  // namespace omniq::ui

#include "settings_page_test.moc"
