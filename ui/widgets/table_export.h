// "Export table…" for every table of the window.
#pragma once

#include <QString>
#include <functional>

class QAction;
class QTableView;

namespace omniq::ui {

class MessageCard;

/// Adds an action to the table's context menu that writes what the table shows — its rows, the
/// visible columns from left to right — as CSV, Markdown or LaTeX. `name` is the suggested file
/// name without ending; `caption` is asked when it is written.
QAction* make_exportable(QTableView& table, MessageCard& card, const QString& name,
                         std::function<QString()> caption = {});

/// The formats of write_table, as QFileDialog takes them.
QString table_filter();

}  // namespace omniq::ui
