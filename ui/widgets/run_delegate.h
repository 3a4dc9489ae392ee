// Cells of the table of runs: a state as a coloured badge, epochs over a thin bar of progress, the
// colour of a run that is in the charts.
#pragma once

#include <QStyledItemDelegate>

#include "ui/models/session/run_colors.h"

namespace omniq::ui {

class RunDelegate : public QStyledItemDelegate {
  Q_OBJECT
 public:
  RunDelegate(const RunColors& colors, QObject* parent)
      : QStyledItemDelegate(parent), colors_(colors) {}

  void paint(QPainter* painter, const QStyleOptionViewItem& option,
             const QModelIndex& index) const override;

 private:
  const RunColors& colors_;
};

}  // namespace omniq::ui
