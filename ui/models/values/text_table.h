// A table as text, for spreadsheets, for README files and for papers.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include "core/base/result.h"

class QAbstractItemModel;

namespace omniq::ui {

struct TextTable {
  QString caption;  // of LaTeX and Markdown; empty for none
  QStringList head;
  QList<QStringList> rows;
  QList<bool> numeric;  // columns that are aligned at the right
};

/// What a view of the model shows: `columns`, with texts as displayed.
TextTable text_table(const QAbstractItemModel& model, const QList<int>& columns);

QByteArray to_csv(const TextTable& table);       // RFC 4180
QByteArray to_markdown(const TextTable& table);  // GitHub's tables
QByteArray to_latex(const TextTable& table);     // a booktabs tabular

/// Writes the table as the ending of `file` says: .csv, .md or .tex.
Status write_table(const TextTable& table, const QString& file);

}  // namespace omniq::ui
