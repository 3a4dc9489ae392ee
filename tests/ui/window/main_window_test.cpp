#include "ui/window/main_window.h"

#include <QApplication>
#include <QLineEdit>
#include <QListWidget>
#include <QMenuBar>
#include <QSettings>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/fake_runs.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/widgets/command_palette.h"
#include "ui/window/screenshots.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class MainWindowTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  std::unique_ptr<MainWindow> window_;

 private Q_SLOTS:
  void initTestCase() { test::write_fake_workspace(folder_ / "runs", 8); }
  void init() {
    QSettings().clear();
    apply_theme(*qApp, ThemeMode::light);
    window_ = std::make_unique<MainWindow>(to_qt((folder_ / "runs").string()));
    window_->show();
    QVERIFY(QTest::qWaitForWindowActive(window_.get(), test::patience_ms()));
    QTRY_COMPARE(window_->workspace().model().rowCount(), 8);
  }
  void cleanup() { window_.reset(); }

  void the_palette_finds_and_runs_a_command() {
    QTest::keyClick(window_.get(), Qt::Key_K, Qt::ControlModifier);
    auto* palette = window_->findChild<CommandPalette*>();
    QVERIFY(palette);
    auto* list = palette->findChild<QListWidget*>();
    QVERIFY(list->count() > 10);
    QTest::keyClicks(palette->findChild<QLineEdit*>(), u"dark th"_s);
    QCOMPARE(list->count(), 1);
    QVERIFY(!Theme::current().dark);
    QTest::keyClick(palette->findChild<QLineEdit*>(), Qt::Key_Return);
    QVERIFY(Theme::current().dark);
  }

  void every_action_of_the_menus_has_a_name_and_shortcuts_are_unique() {
    QMap<QString, QString> shortcuts;
    for (QAction* menu : window_->menuBar()->actions()) {
      for (QAction* action : menu->menu()->actions()) {
        if (action->isSeparator()) continue;
        QVERIFY(!action->text().isEmpty());
        for (const QKeySequence& key : action->shortcuts()) {
          const QString text = key.toString();
          QVERIFY2(!shortcuts.contains(text), qPrintable(text + u" "_s + action->text()));
          shortcuts[text] = action->text();
        }
      }
    }
  }

  void pages_are_shown_by_name_and_remembered() {
    for (const QString& name : window_->page_names()) QVERIFY(window_->show_page(name));
    QVERIFY(!window_->show_page(u"nowhere"_s));
  }

  void pictures_of_all_pages_are_written() {
    const testing_support::TemporaryFolder pictures;
    QVERIFY(take_screenshots(*window_, to_qt(pictures.path().string())));
    for (const QString& name : window_->page_names()) {
      const QImage image(to_qt((pictures / (name.toStdString() + ".png")).string()));
      QVERIFY2(!image.isNull(), qPrintable(name));
      QCOMPARE(image.size(), window_->size());
    }
    const Status nowhere = take_screenshots(*window_, u"/proc/nowhere"_s);
    QVERIFY(!nowhere);
  }
};

OMNIQ_UI_TEST(MainWindowTest, main_window_test);

}  // namespace omniq::ui

#include "main_window_test.moc"
