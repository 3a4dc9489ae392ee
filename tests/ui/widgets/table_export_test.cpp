#include "ui/widgets/table_export.h"

#include <QAction>
#include <QFile>
#include <QFileDialog>
#include <QHeaderView>
#include <QStandardItemModel>
#include <QTableView>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/answer.h"
#include "tests/ui/support/csv.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"
#include "ui/widgets/message_card.h"
#include "ui/widgets/save_dialog.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class TableExportTest : public QObject {
  Q_OBJECT
 private:
  testing_support::TemporaryFolder folder_;
  QStandardItemModel model_{2, 3};

  /// Answers the next file dialog.
  void answer(const QString& file) {
    test::answer_next<QFileDialog>([file](QFileDialog* dialog) {
      dialog->selectFile(file);
      static_cast<QDialog*>(dialog)->accept();
    });
  }

 private Q_SLOTS:
  void initTestCase() {
    model_.setHorizontalHeaderLabels({u"Name"_s, u"Hidden"_s, u"Loss"_s});
    for (int row = 0; row < 2; ++row) {
      for (int column = 0; column < 3; ++column)
        model_.setItem(row, column, new QStandardItem(u"%1.%2"_s.arg(row).arg(column)));
    }
  }

  void a_table_is_written_as_it_is_seen() {
    QTableView table;
    table.setModel(&model_);
    table.hideColumn(1);
    table.horizontalHeader()->moveSection(2, 0);
    MessageCard card;
    QAction* action = make_exportable(table, card, u"rows"_s);
    QVERIFY(table.actions().contains(action));
    const QString file = to_qt((folder_ / "rows.csv").string());
    answer(file);
    action->trigger();
    QFile in(file);
    QVERIFY(in.open(QIODevice::ReadOnly));
    const QList<QStringList> rows = test::csv_rows(QString::fromUtf8(in.readAll()));
    QCOMPARE(rows, (QList<QStringList>{
                       {u"Loss"_s, u"Name"_s}, {u"0.2"_s, u"0.0"_s}, {u"1.2"_s, u"1.0"_s}}));
    QVERIFY(card.isHidden());
  }

  void what_cannot_be_written_is_said_on_the_card() {
    MessageCard card;
    const QString file = to_qt((folder_ / "other.csv").string());
    answer(file);
    QString asked;
    ask_and_save(nullptr, u"Export"_s, u"other.csv"_s, table_filter(), card,
                 [&](const QString& chosen) {
                   asked = chosen;
                   return fail(ErrorCode::io, "The disk is full.", "Free some room.");
                 });
    QCOMPARE(asked, file);
    QVERIFY(!card.isHidden());
    QVERIFY2(card.text().contains(u"disk is full"_s), qPrintable(card.text()));
  }
};

OMNIQ_UI_TEST(TableExportTest, table_export_test);

}  // namespace omniq::ui

#include "table_export_test.moc"
