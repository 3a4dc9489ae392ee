#include "ui/widgets/table_export.h"

#include <QAction>
#include <QCoreApplication>
#include <QHeaderView>
#include <QTableView>

#include "ui/models/values/text_table.h"
#include "ui/widgets/save_dialog.h"

namespace omniq::ui {
using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text) { return QCoreApplication::translate("TableExport", text); }

QList<int> visible_columns(const QTableView& table) {
  const QHeaderView& header = *table.horizontalHeader();
  QList<int> columns;
  for (int place = 0; place < header.count(); ++place) {
    const int column = header.logicalIndex(place);
    if (!header.isSectionHidden(column)) columns.append(column);
  }
  return columns;
}

}  // namespace

QString table_filter() {
  return tr("Tables (*.csv);;Markdown (*.md);;LaTeX with booktabs (*.tex)");
}

QAction* make_exportable(QTableView& table, MessageCard& card, const QString& name,
                         std::function<QString()> caption) {
  auto* action = new QAction(tr("Export table…"), &table);
  table.addAction(action);
  if (table.contextMenuPolicy() == Qt::DefaultContextMenu)
    table.setContextMenuPolicy(Qt::ActionsContextMenu);
  QObject::connect(action, &QAction::triggered, &table, [&table, &card, name, caption] {
    ask_and_save(table.window(), tr("Export table"), name + u".csv"_s, table_filter(), card,
                 [&](const QString& file) {
                   TextTable text = text_table(*table.model(), visible_columns(table));
                   if (caption) text.caption = caption();
                   return write_table(text, file);
                 });
  });
  return action;
}

}  // namespace omniq::ui
