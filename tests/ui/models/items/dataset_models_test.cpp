#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/small_demo.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/models/items/class_count_model.h"
#include "ui/models/items/clip_gallery.h"
#include "ui/models/items/problem_model.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;
using data::Problem;
using data::ProblemKind;

class DatasetModelsTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;

  data::Survey survey() const {
    data::DatasetOptions options;
    options.root = folder_ / "demo";
    return *data::survey_dataset(options);
  }

 private Q_SLOTS:
  void initTestCase() { test::make_small_demo(folder_ / "demo"); }

  void classes_with_their_counts() {
    ClassCountModel model;
    const QAbstractItemModelTester tester(&model);
    model.set_classes({{"YoYo", {5, 1, 2, 0}}, {"Punch", {0, 0, 3, 1}}});
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(0, ClassCountModel::kTrain).data().toString(), u"5"_s);
    QCOMPARE(model.index(1, ClassCountModel::kNotListed).data().toString(), u"1"_s);
    QCOMPARE(model.index(0, ClassCountModel::kBar).data(ClassCountModel::kMostRole).toInt(), 8);
    QCOMPARE(model.index(1, ClassCountModel::kBar).data(ClassCountModel::kSortRole).toInt(), 4);
    model.set_classes({});
    QCOMPARE(model.rowCount(), 0);
  }

  void problems_gravest_first_also_when_they_come_one_by_one() {
    ProblemModel model;
    const QAbstractItemModelTester tester(&model);
    model.set_problems({{"a", "x", ProblemKind::not_listed}, {"b", "y", ProblemKind::missing}});
    QCOMPARE(model.index(0, ProblemModel::kWhere).data().toString(), u"b"_s);
    model.add({"c", "z", ProblemKind::unreadable});
    QCOMPARE(model.index(1, ProblemModel::kWhere).data().toString(), u"c"_s);
    QCOMPARE(model.summary(), u"1 missing, 1 unreadable, 1 not listed"_s);
    QVERIFY(model.lists_would_help());
    model.set_problems({{"a", "x", ProblemKind::not_listed}, {"b", "y", ProblemKind::cut_off}});
    QVERIFY(!model.lists_would_help());
  }

  void pictures_come_when_they_are_asked_for() {
    ClipGallery gallery;
    const QAbstractItemModelTester tester(&gallery);
    data::Survey found = survey();
    gallery.set_class(found, 2);
    QCOMPARE(gallery.rowCount(), 5);
    const QModelIndex first = gallery.index(0);
    QVERIFY(first.data(ClipGallery::kFileRole).toString().contains(to_qt(found.classes[2].name)));
    QSignalSpy changed(&gallery, &QAbstractItemModel::dataChanged);
    QVERIFY(first.data(Qt::DecorationRole).isNull());
    QTRY_VERIFY(!first.data(Qt::DecorationRole).isNull());
    const auto picture = first.data(Qt::DecorationRole).value<QPixmap>();
    QVERIFY(picture.width() > 50 && picture.width() <= 2 * ClipGallery::picture_size().width());
    gallery.clear();
    QCOMPARE(gallery.rowCount(), 0);
  }

  void a_clip_that_cannot_be_decoded_says_so() {
    data::Survey found = survey();
    found.clips[0].clip.path = folder_.write("text.mp4", "no video");
    ClipGallery gallery;
    gallery.set_class(found, 0);
    const QModelIndex first = gallery.index(0);
    QVERIFY(!first.data(ClipGallery::kUnreadableRole).toBool());
    first.data(Qt::DecorationRole);
    QTRY_VERIFY(first.data(ClipGallery::kUnreadableRole).toBool());
  }
};

OMNIQ_UI_TEST(DatasetModelsTest, dataset_models_test);

}  // namespace omniq::ui

#include "dataset_models_test.moc"
