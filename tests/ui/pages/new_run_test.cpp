#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QTabWidget>
#include <QToolButton>

#include "core/config/load.h"
#include "tests/support/temporary_folder.h"
#include "tests/ui/support/find.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/base/theme.h"
#include "ui/pages/new_run/cost_line.h"
#include "ui/pages/new_run/new_run_dialog.h"
#include "ui/pages/new_run/setting_field.h"
#include "ui/widgets/message_card.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

// A person configures a run and asks what it will take.
class NewRunTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  JobThread<PaceJob> pace_{u"omniq pace"_s};
  std::unique_ptr<NewRunDialog> dialog_;

  QString runs() const { return to_qt((folder_ / "runs").string()); }
  SettingField* field(const char* key) const {
    for (auto* one : dialog_->findChildren<SettingField*>()) {
      if (one->setting().key == key) return one;
    }
    return nullptr;
  }
  template <class Widget>
  Widget* named(const QString& name) const {
    return test::named<Widget>(dialog_.get(), name);
  }
  CostLine* cost() const { return dialog_->cost(); }

 private Q_SLOTS:
  void initTestCase() { test::make_small_demo(folder_ / "demo"); }
  void init() {
    QSettings().clear();
    test::apply_test_theme();
    dialog_ = std::make_unique<NewRunDialog>(runs(), QString(), pace_);
    dialog_->form().start_from(test::small_experiment(folder_ / "demo", folder_ / "runs"));
    dialog_->show();
    QVERIFY(QTest::qWaitForWindowActive(dialog_.get(), test::patience_ms()));
  }
  void cleanup() { dialog_.reset(); }

  void the_estimate_is_there_before_anything_is_measured() {
    QVERIFY(cost()->text().contains(u"Estimate"_s));
    QVERIFY(cost()->text().contains(u"MiB"_s));
    QVERIFY(cost()->text().contains(u"not known"_s));  // no time is made up
    const QString before = cost()->text();
    dialog_->form().set_text(u"train.batch_size"_s, u"64"_s);
    QVERIFY(cost()->text() != before);
    dialog_->form().set_text(u"train.batch_size"_s, u"many"_s);
    QVERIFY(!cost()->measure_button()->isEnabled());
    QVERIFY(cost()->measure_button()->toolTip().contains(u"mended"_s));
  }

  // A dataset that was picked elsewhere is kept when another configuration is chosen.
  void given_values_outlive_another_starting_point() {
    dialog_->set_given({{u"data.root"_s, u"/picked/here"_s}});
    auto* from = named<QComboBox>(u"Start from"_s);
    QVERIFY(from->count() > 2);
    from->setFocus();
    for (const int key : {Qt::Key_End, Qt::Key_Home}) {
      const QString before = dialog_->form().yaml();
      QTest::keyClick(from, Qt::Key(key));
      QTRY_VERIFY(dialog_->form().yaml() != before);
      QCOMPARE(dialog_->form().text(u"data.root"_s), u"/picked/here"_s);
      QVERIFY(dialog_->form().changed(u"data.root"_s));
    }
  }

  void measuring_replaces_the_estimate_until_a_setting_makes_it_stale() {
    QTest::mouseClick(cost()->measure_button(), Qt::LeftButton);
    auto* bar = cost()->findChild<QProgressBar*>();
    QVERIFY(bar->isVisible());
    QCOMPARE(cost()->measure_button()->text(), u"Cancel"_s);
    QTRY_VERIFY(cost()->text().contains(u"Measured:"_s));
    QVERIFY(!bar->isVisible());
    QVERIFY2(cost()->text().contains(u"a step"_s) && cost()->text().contains(u"in all"_s),
             qPrintable(cost()->text()));
    QVERIFY(cost()->measure_button()->toolTip().size() > 0);
    test::picture(*dialog_, u"new_run_measured"_s);

    dialog_->form().set_text(u"train.epochs"_s, u"7"_s);  // longer, but no other step
    QVERIFY(!cost()->stale());
    QVERIFY(cost()->text().contains(u"Measured:"_s));
    dialog_->form().set_text(u"frames"_s, u"8"_s);
    QVERIFY(cost()->stale());
    QVERIFY(cost()->text().contains(u"Estimate"_s));
    QVERIFY(cost()->text().contains(u"before the settings changed"_s));
    test::picture(*dialog_, u"new_run_stale"_s);
    dialog_->form().set_text(u"frames"_s, u"4"_s);
    QVERIFY(!cost()->stale());
  }

  void measuring_can_be_cancelled() {
    QTest::mouseClick(cost()->measure_button(), Qt::LeftButton);
    QTest::mouseClick(cost()->measure_button(), Qt::LeftButton);
    QCOMPARE(cost()->measure_button()->text(), u"Measure"_s);
    QVERIFY(!cost()->findChild<QProgressBar*>()->isVisible());
    test::let_pass(300);  // nothing is told of it, when its process has ended neither
    QVERIFY(cost()->text().contains(u"Estimate"_s));
    QVERIFY(!cost()->findChild<MessageCard*>()->isVisible());
  }

  void a_measurement_that_fails_says_why() {
    dialog_->form().set_text(u"train.batch_size"_s, u"4096"_s);
    dialog_->form().set_text(u"size"_s, u"4096"_s);
    QTest::mouseClick(cost()->measure_button(), Qt::LeftButton);
    auto* card = cost()->findChild<MessageCard*>();
    QTRY_VERIFY(card->isVisible());
    QVERIFY2(card->text().contains(u"train.batch_size"_s), qPrintable(card->text()));
    test::picture(*dialog_, u"new_run_failed"_s);
    dialog_->form().set_text(u"size"_s, u"32"_s);
    QVERIFY(!card->isVisible());
  }

  void nothing_is_measured_beside_a_training() {
    cost()->set_busy(u"busy"_s);
    QVERIFY(!cost()->measure_button()->isEnabled());
    QCOMPARE(cost()->measure_button()->toolTip(), u"busy"_s);
  }

  void settings_without_effect_are_grey_and_say_who_uses_them() {
    for (auto* box : dialog_->findChildren<QCheckBox*>())
      if (box->text() == u"All settings"_s) box->setChecked(true);
    auto* fusion = named<QComboBox>(u"Fusion"_s);
    auto* heads = field("fusion.n_heads")->findChild<QLineEdit*>();
    fusion->setCurrentText(u"average"_s);
    QVERIFY(!heads->isEnabled());
    QVERIFY2(heads->toolTip().contains(u"transformer"_s), qPrintable(heads->toolTip()));
    fusion->setCurrentText(u"transformer"_s);
    QVERIFY(heads->isEnabled());
    auto* rank = field("lora.r")->findChild<QLineEdit*>();
    QVERIFY(!rank->isEnabled());
    named<QComboBox>(u"What trains"_s)->setCurrentText(u"lora"_s);
    QVERIFY(rank->isEnabled());
    QVERIFY(!field("optim.lr_backbone")->findChild<QLineEdit*>()->isEnabled());
    QVERIFY(!field("stride")->findChild<QLineEdit*>()->isEnabled());  // clips are in segments
    test::picture(*dialog_, u"new_run_grey"_s);
  }

  void what_is_wrong_can_be_mended_even_where_it_has_no_effect() {
    dialog_->form().set_text(u"fusion.n_heads"_s, u"x"_s);
    QVERIFY(field("fusion.n_heads")->findChild<QLineEdit*>()->isEnabled());
  }

  void a_change_is_marked_beside_its_field_and_taken_back_there() {
    SettingField* epochs = field("train.epochs");
    const auto marked = [&] {
      for (auto* label : epochs->findChildren<QLabel*>())
        if (label->text().contains(u"●"_s)) return true;
      return false;
    };
    QVERIFY(!marked());
    auto* line = epochs->findChild<QLineEdit*>();
    line->selectAll();
    QTest::keyClicks(line, u"9"_s);
    QVERIFY(marked());
    QTest::mouseClick(epochs->findChild<QToolButton*>(), Qt::LeftButton);
    QVERIFY(!marked());
    QCOMPARE(line->text(), u"2"_s);
  }

  void the_complete_configuration_is_one_tab_away() {
    auto* tabs = dialog_->findChild<QTabWidget*>();
    QVERIFY(tabs->tabText(1).contains(u"configuration"_s));
    tabs->setCurrentIndex(1);
    const QString yaml = named<QPlainTextEdit>(u"Configuration as YAML"_s)->toPlainText();
    const auto read = config::parse(to_std(yaml), "the tab", {});
    QVERIFY(read.findings.empty());
    for (const config::Setting& setting : config::settings())
      QCOMPARE(setting.get(read.experiment), setting.get(dialog_->form().experiment()));
    test::picture(*dialog_, u"new_run_yaml"_s);
  }
};

OMNIQ_UI_TEST(NewRunTest, new_run_test);

}  // namespace omniq::ui

#include "new_run_test.moc"
