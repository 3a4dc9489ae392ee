// What tables have in common: rows of one kind, under columns that are described once.
#pragma once

#include <QAbstractTableModel>

namespace omniq::ui {

struct TableColumn {
  QString title;
  bool number = false;    // numbers stand at the right
  QString tool_tip = {};  // of the header
};

/// `Rows`: a QList or a vector. A model says what stands in a cell.
template <class Rows>
class TableModel : public QAbstractTableModel {
 public:
  int rowCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
  }
  int columnCount(const QModelIndex& parent = {}) const override {
    return parent.isValid() ? 0 : static_cast<int>(columns_.size());
  }
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override {
    if (orientation != Qt::Horizontal || section < 0 || section >= columns_.size()) return {};
    const TableColumn& column = columns_[section];
    if (role == Qt::DisplayRole) return column.title;
    if (role == Qt::ToolTipRole && !column.tool_tip.isEmpty()) return column.tool_tip;
    return role == Qt::TextAlignmentRole ? alignment(column) : QVariant();
  }
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
      return {};
    if (role == Qt::TextAlignmentRole) return alignment(columns_[index.column()]);
    return cell(index.row(), index.column(), role);
  }

 protected:
  explicit TableModel(QList<TableColumn> columns, QObject* parent)
      : QAbstractTableModel(parent), columns_(std::move(columns)) {}

  /// What the cell is in a role other than its alignment.
  virtual QVariant cell(int row, int column, int role) const = 0;
  void set_rows(Rows rows) {
    beginResetModel();
    rows_ = std::move(rows);
    endResetModel();
  }

  QList<TableColumn> columns_;
  Rows rows_;

 private:
  static QVariant alignment(const TableColumn& column) {
    return static_cast<int>((column.number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  }
};

}  // namespace omniq::ui
