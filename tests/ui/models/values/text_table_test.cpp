#include "ui/models/values/text_table.h"

#include <QFile>

#include "tests/support/temporary_folder.h"
#include "tests/ui/support/csv.h"
#include "tests/ui/support/ui_test.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

class TextTableTest : public QObject {
  Q_OBJECT
 private:
  const TextTable table_ = {u"Measured: demo."_s,
                            {u"variant"_s, u"Top-1, %"_s},
                            {{u"mamba, \"tied\" | a_b"_s, u"92.5 ± 0.3"_s}, {u"x & y"_s, u"–"_s}},
                            {false, true}};

 private Q_SLOTS:
  void csv_is_read_back_as_it_was() {
    const QList<QStringList> rows = test::csv_rows(QString::fromUtf8(to_csv(table_)));
    QCOMPARE(rows.size(), 3);
    QCOMPARE(rows[0], table_.head);
    QCOMPARE(rows[1], table_.rows[0]);
    QCOMPARE(rows[2], table_.rows[1]);
  }

  void markdown_has_a_ruler_and_no_stray_bars() {
    const QStringList lines = QString::fromUtf8(to_markdown(table_)).split(u'\n');
    QCOMPARE(lines[0], u"Measured: demo."_s);
    QCOMPARE(lines[2], u"| variant | Top-1, % |"_s);
    QCOMPARE(lines[3], u"|---|---:|"_s);
    QCOMPARE(lines[4], u"| mamba, \"tied\" \\| a_b | 92.5 ± 0.3 |"_s);
  }

  void latex_has_rules_and_escapes() {
    const QString text = QString::fromUtf8(to_latex(table_));
    QVERIFY(text.contains(u"\\begin{tabular}{lr}\n  \\toprule\n  variant & Top-1, \\% \\\\\n"_s));
    QVERIFY(text.contains(u"a\\_b & 92.5 $\\pm$ 0.3 \\\\"_s));
    QVERIFY(text.contains(u"x \\& y & -- \\\\"_s));
    QVERIFY(text.endsWith(u"  \\bottomrule\n\\end{tabular}\n"_s));
  }

  void the_ending_chooses_and_a_wrong_one_is_an_error() {
    const testing_support::TemporaryFolder folder;
    for (const char* ending : {"csv", "md", "tex"}) {
      const QString file = to_qt((folder / "table.").string()) + QString::fromLatin1(ending);
      const Status written = write_table(table_, file);
      QVERIFY(written);
      QFile in(file);
      QVERIFY(in.open(QIODevice::ReadOnly));
      QVERIFY(QString::fromUtf8(in.readAll()).contains(u"92.5"_s));
    }
    const Status wrong = write_table(table_, to_qt((folder / "table.doc").string()));
    QVERIFY(!wrong);
    QVERIFY(wrong.error().hint.find(".tex") != std::string::npos);
  }
};

OMNIQ_UI_TEST(TextTableTest, text_table_test);

}  // namespace omniq::ui

#include "text_table_test.moc"
