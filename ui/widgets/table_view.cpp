#include "ui/widgets/table_view.h"

#include <QHeaderView>
#include <QTableView>

namespace omniq::ui {

QTableView* row_table(QAbstractItemModel& model, const QString& accessible_name) {
  auto* table = new QTableView;
  table->setModel(&model);
  table->setAccessibleName(accessible_name);
  table->setSelectionBehavior(QAbstractItemView::SelectRows);
  table->setShowGrid(false);
  table->setWordWrap(false);
  table->setTabKeyNavigation(false);
  QHeaderView* rows = table->verticalHeader();
  rows->hide();
  rows->setSectionResizeMode(QHeaderView::Fixed);
  rows->setDefaultSectionSize(table->fontMetrics().height() + 12);
  QHeaderView* columns = table->horizontalHeader();
  columns->setHighlightSections(false);
  columns->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  return table;
}

}  // namespace omniq::ui
