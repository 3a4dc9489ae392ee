// How many clips each class of a dataset has, by what they are for.
#pragma once

#include <QAbstractTableModel>

#include "core/data/survey.h"

namespace omniq::ui {

/// "Train", "Held out": the parts of a dataset, and the colours that stand for them.
QString part_text(data::Part part);
QColor part_color(data::Part part);

class ClassCountModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  enum Column { kClass, kTrain, kHeldOut, kTest, kNotListed, kBar, kColumns };
  enum Role {
    kSortRole = Qt::UserRole,
    kLabelRole,  // number of the class
    kPartsRole,  // QList<qint64>, clips by part
    kMostRole    // clips of the largest class
  };

  using QAbstractTableModel::QAbstractTableModel;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation,
                      int role = Qt::DisplayRole) const override;

  void set_classes(const std::vector<data::ClassCount>& classes);

 private:
  std::vector<data::ClassCount> classes_;
  qint64 most_ = 0;
};

}  // namespace omniq::ui
