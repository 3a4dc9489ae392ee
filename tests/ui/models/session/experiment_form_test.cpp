#include "ui/models/session/experiment_form.h"

#include <QDir>
#include <QSignalSpy>

#include "core/config/load.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class ExperimentFormTest : public QObject {
  Q_OBJECT
 private:
  static config::Experiment good() {
    config::Experiment e;
    e.data.root = "/tmp";
    return e;
  }

 private Q_SLOTS:
  void errors_stand_at_their_setting() {
    ExperimentForm form;
    QVERIFY(!form.error(u"data.root"_s).isEmpty());  // the defaults have no dataset
    form.start_from(good());
    QVERIFY2(form.valid(), qPrintable(form.general_error()));
    form.set_text(u"train.epochs"_s, u"many"_s);
    QVERIFY(form.error(u"train.epochs"_s).contains(u"whole number"_s));
    form.set_text(u"train.epochs"_s, u"0"_s);
    QVERIFY(form.error(u"train.epochs"_s).contains(u"1 to 100000"_s));
    form.set_text(u"train.epochs"_s, u"5"_s);
    QVERIFY(form.valid());
    QCOMPARE(form.experiment().train.epochs, 5);
  }

  void contradictions_and_missing_files_are_errors_too() {
    ExperimentForm form;
    form.start_from(good());
    form.set_text(u"frames"_s, u"64"_s);
    QVERIFY(form.error(u"frames"_s).contains(u"fusion.max_frames"_s));
    form.reset(u"frames"_s);
    form.set_text(u"data.root"_s, u"/nonexistent"_s);
    QVERIFY(form.error(u"data.root"_s).contains(u"/nonexistent"_s));
  }

  void changes_are_marked_against_the_starting_point() {
    ExperimentForm form;
    form.start_from(good());
    QCOMPARE(form.changes(), 0);
    form.set_text(u"optim.lr_head"_s, u"0.01"_s);
    QVERIFY(form.changed(u"optim.lr_head"_s));
    QCOMPARE(form.changes(), 1);
    form.reset(u"optim.lr_head"_s);
    QCOMPARE(form.changes(), 0);
  }

  void form_and_yaml_are_the_same_thing() {
    ExperimentForm form;
    form.start_from(good());
    QSignalSpy values(&form, &ExperimentForm::values_changed);
    form.set_yaml(u"data:\n  root: /tmp\ntrain:\n  epochs: 7\n"_s);
    QCOMPARE(values.size(), 1);
    QCOMPARE(form.text(u"train.epochs"_s), u"7"_s);
    QVERIFY(form.valid());
    form.set_text(u"fusion.name"_s, u"average"_s);
    ExperimentForm other;
    other.set_yaml(form.yaml());
    QCOMPARE(other.text(u"fusion.name"_s), u"average"_s);
    QCOMPARE(other.text(u"train.epochs"_s), u"7"_s);
    form.set_yaml(u"frames: [\n"_s);
    QVERIFY(form.general_error().contains(u"not valid YAML"_s));
    form.set_yaml(u"data: {root: /tmp}\nfusoin: mamba\n"_s);
    QVERIFY2(form.general_error().contains(u"fusoin"_s), qPrintable(form.general_error()));
    form.set_yaml(u"a: &a {b: *a}\n"_s);
    QVERIFY2(form.general_error().contains(u"without end"_s), qPrintable(form.general_error()));
    form.set_yaml(u"data: {root: /tmp}\nfast: &fast {epochs: 3}\ntrain: {<<: *fast}\noptim:\n"_s);
    QVERIFY2(form.general_error().isEmpty(), qPrintable(form.general_error()));
    QCOMPARE(form.text(u"train.epochs"_s), u"3"_s);
  }

  void paths_begin_at_home() {
    ExperimentForm form;
    form.start_from(good());
    form.set_text(u"data.root"_s, u"~"_s);
    QVERIFY2(form.error(u"data.root"_s).isEmpty(), qPrintable(form.error(u"data.root"_s)));
    form.set_text(u"data.root"_s, u"~/is-not-there"_s);
    QVERIFY(form.error(u"data.root"_s).contains(QDir::homePath()));
  }

  void every_shipped_configuration_is_a_starting_point() {
    const auto points = shipped_configurations();
    QVERIFY(points.size() >= 5);
    for (const StartingPoint& point : points) {
      const auto loaded = config::load(to_path(point.file), {});
      QVERIFY2(loaded, qPrintable(point.name));
    }
  }

  void labels_are_words() {
    QCOMPARE(setting_label(*config::find_setting("train.batch_size")), u"Batch size"_s);
    for (const config::Setting& setting : config::settings())
      QVERIFY(!setting_label(setting).contains(u'_'));
  }
};

OMNIQ_UI_TEST(ExperimentFormTest, experiment_form_test);

}  // namespace omniq::ui

#include "experiment_form_test.moc"
