#include "ui/models/values/text_table.h"

#include <QAbstractItemModel>
#include <QCoreApplication>
#include <QFileInfo>
#include <QHash>

#include "core/base/files.h"
#include "core/base/text.h"
#include "ui/base/text.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString markdown_field(QString text) {
  return text.replace(u'\\', u"\\\\"_s).replace(u'|', u"\\|"_s).replace(u'\n', u' ');
}

QString latex_field(const QString& text) {
  static const QHash<QChar, QString> special = {{u'\\', u"\\textbackslash{}"_s},
                                                {u'{', u"\\{"_s},
                                                {u'}', u"\\}"_s},
                                                {u'$', u"\\$"_s},
                                                {u'&', u"\\&"_s},
                                                {u'#', u"\\#"_s},
                                                {u'%', u"\\%"_s},
                                                {u'_', u"\\_"_s},
                                                {u'^', u"\\textasciicircum{}"_s},
                                                {u'~', u"\\textasciitilde{}"_s},
                                                {u'±', u"$\\pm$"_s},
                                                {u'×', u"$\\times$"_s},
                                                {u'–', u"--"_s},
                                                {u'−', u"$-$"_s},
                                                {u'\n', u" "_s}};
  QString out;
  for (const QChar c : text) out += special.value(c, QString(c));
  return out;
}

template <class Field>
QString joined(const QStringList& fields, const QString& separator, Field field) {
  QStringList parts;
  for (const QString& text : fields) parts.append(field(text));
  return parts.join(separator);
}

}  // namespace

TextTable text_table(const QAbstractItemModel& model, const QList<int>& columns) {
  TextTable table;
  for (const int column : columns) {
    table.head.append(model.headerData(column, Qt::Horizontal).toString());
    const int alignment = model.index(0, column).data(Qt::TextAlignmentRole).toInt();
    table.numeric.append((alignment & Qt::AlignRight) != 0);
  }
  for (int row = 0; row < model.rowCount(); ++row) {
    QStringList fields;
    for (const int column : columns) fields.append(model.index(row, column).data().toString());
    table.rows.append(fields);
  }
  return table;
}

QByteArray to_csv(const TextTable& table) {
  const auto line = [](const QStringList& fields) {
    const auto quoted = [](const QString& text) { return to_qt(csv_field(to_std(text))); };
    return joined(fields, u","_s, quoted) + u'\n';
  };
  QString out = line(table.head);
  for (const QStringList& row : table.rows) out += line(row);
  return out.toUtf8();
}

QByteArray to_markdown(const TextTable& table) {
  const auto line = [](const QStringList& fields) {
    return u"| "_s + joined(fields, u" | "_s, markdown_field) + u" |\n"_s;
  };
  QString out = table.caption.isEmpty() ? QString() : table.caption + u"\n\n"_s;
  out += line(table.head) + u'|';
  for (const bool numeric : table.numeric) out += numeric ? u"---:|"_s : u"---|"_s;
  out += u'\n';
  for (const QStringList& row : table.rows) out += line(row);
  return out.toUtf8();
}

QByteArray to_latex(const TextTable& table) {
  const auto line = [](const QStringList& fields) {
    return u"  "_s + joined(fields, u" & "_s, latex_field) + u" \\\\\n"_s;
  };
  QString columns;
  for (const bool numeric : table.numeric) columns += numeric ? u'r' : u'l';
  QString out = u"% needs \\usepackage{booktabs}\n"_s;
  if (!table.caption.isEmpty())
    out += u"% "_s + QString(table.caption).replace(u'\n', u' ') + u'\n';
  out +=
      u"\\begin{tabular}{%1}\n  \\toprule\n"_s.arg(columns) + line(table.head) + u"  \\midrule\n"_s;
  for (const QStringList& row : table.rows) out += line(row);
  out += u"  \\bottomrule\n\\end{tabular}\n"_s;
  return out.toUtf8();
}

Status write_table(const TextTable& table, const QString& file) {
  const QString ending = QFileInfo(file).suffix().toLower();
  QByteArray text;
  if (ending == "csv"_L1) {
    text = to_csv(table);
  } else if (ending == "md"_L1) {
    text = to_markdown(table);
  } else if (ending == "tex"_L1) {
    text = to_latex(table);
  } else {
    return fail(ErrorCode::usage, cat("'", to_std(file), "' does not say what to write."),
                "End the name in .csv, .md or .tex.");
  }
  return write_file_atomic(to_path(file), text.toStdString());
}

}  // namespace omniq::ui
