// Tables as all pages show them.
#pragma once

class QAbstractItemModel;
class QString;
class QTableView;

namespace omniq::ui {

/// A table whose rows are chosen whole and are one line high, without grid; Tab leaves it.
QTableView* row_table(QAbstractItemModel& model, const QString& accessible_name);

}  // namespace omniq::ui
