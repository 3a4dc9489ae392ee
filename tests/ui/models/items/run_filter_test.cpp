#include "ui/models/items/run_filter.h"

#include <QAbstractItemModelTester>

#include "tests/ui/support/ui_test.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class RunFilterTest : public QObject {
  Q_OBJECT
 private:
  std::unique_ptr<WorkspaceModel> model_;
  std::unique_ptr<RunFilter> filter_;

  QStringList names() const {
    QStringList all;
    for (int row = 0; row < filter_->rowCount(); ++row)
      all.append(filter_->index(row, 0).data().toString());
    all.sort();
    return all;
  }

 private Q_SLOTS:
  void init() {
    model_ = std::make_unique<WorkspaceModel>();
    filter_ = std::make_unique<RunFilter>();
    filter_->setSourceModel(model_.get());
    new QAbstractItemModelTester(
        filter_.get(), QAbstractItemModelTester::FailureReportingMode::QtTest, filter_.get());
    RunInfo a, b, c;
    a.path = u"/a"_s, a.name = u"alpha"_s, a.fusion = u"mamba"_s, a.tags = QStringList{u"paper"_s};
    a.state = run::RunState::finished, a.best_top1 = 9.5;
    b.path = u"/b"_s, b.name = u"beta"_s, b.fusion = u"average"_s, b.note = u"Mamba comes next"_s;
    b.state = run::RunState::running, b.best_top1 = 80;
    c.path = u"/c"_s, c.name = u"gamma"_s, c.fusion = u"mamba"_s, c.archived = true;
    model_->apply({a, b, c});
  }

  void archived_runs_are_hidden_until_asked_for() {
    QCOMPARE(names(), (QStringList{u"alpha"_s, u"beta"_s}));
    filter_->set_show_archived(true);
    QCOMPARE(names(), (QStringList{u"alpha"_s, u"beta"_s, u"gamma"_s}));
  }
  void every_word_must_be_found_somewhere() {
    filter_->set_search(u"MAMBA"_s);
    QCOMPARE(names(), (QStringList{u"alpha"_s, u"beta"_s}));
    filter_->set_search(u"mamba next"_s);
    QCOMPARE(names(), QStringList{u"beta"_s});
    QVERIFY(filter_->filtering());
    filter_->set_search(u"  "_s);
    QVERIFY(!filter_->filtering());
  }
  void by_state_fusion_and_tag() {
    filter_->set_states({u"running"_s, u"failed"_s});
    QCOMPARE(names(), QStringList{u"beta"_s});
    filter_->set_states({});
    filter_->set_fusion(u"mamba"_s);
    QCOMPARE(names(), QStringList{u"alpha"_s});
    filter_->set_fusion({});
    filter_->set_tag(u"paper"_s);
    QCOMPARE(names(), QStringList{u"alpha"_s});
    QCOMPARE(filter_->fusions(), (QStringList{u"average"_s, u"mamba"_s}));
    QCOMPARE(filter_->tags(), QStringList{u"paper"_s});
  }
  void numbers_sort_as_numbers() {
    filter_->sort(WorkspaceModel::kBestTop1, Qt::DescendingOrder);
    QCOMPARE(filter_->index(0, 0).data().toString(), u"beta"_s);
  }
};

OMNIQ_UI_TEST(RunFilterTest, run_filter_test);

}  // namespace omniq::ui

#include "run_filter_test.moc"
